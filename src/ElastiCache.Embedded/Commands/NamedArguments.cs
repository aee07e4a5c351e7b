using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>The fields or members that stand from an argument on.</summary>
internal readonly ref struct CommandNames(CommandArguments arguments, int first, int count) : INameList
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => count;

    public ReadOnlySpan<byte> Name(int index) => _arguments[first + index];
}

/// <summary>The fields and values that take turns from an argument on.</summary>
internal readonly ref struct CommandFieldValues(CommandArguments arguments, int first, int count) : IFieldValueList
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => count;

    public ReadOnlySpan<byte> Name(int index) => _arguments[first + (2 * index)];

    public ReadOnlySpan<byte> Value(int index) => _arguments[first + (2 * index) + 1];
}

/// <summary>Some keys that stand side by side.</summary>
internal readonly ref struct CountedKeys(CommandArguments arguments, int first, int count) : IKeyList
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => count;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => _arguments.Probe(first + index, out key);
}

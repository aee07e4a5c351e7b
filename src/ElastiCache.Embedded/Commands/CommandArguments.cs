using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>A command's name and arguments, where they lie: one buffer and the places in it.</summary>
/// <remarks>
/// <code>
///   *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n        bytes
///               8,3        17,1       24,1          places: start, length
/// </code>
/// Whoever reads commands, from a log or a socket, keeps one array of places for all of them, so an argument costs no allocation. Valid as long as
/// the reader's buffer is.
/// </remarks>
internal readonly ref struct CommandArguments
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ReadOnlySpan<(int Start, int Length)> _places;

    /// <summary>Makes the arguments.</summary>
    /// <param name="bytes">What the places refer to.</param>
    /// <param name="places">The command's name, then its arguments; at least one.</param>
    /// <param name="marks">Memcached's flags and the priority for what the command stores.</param>
    public CommandArguments(ReadOnlySpan<byte> bytes, ReadOnlySpan<(int Start, int Length)> places, EntryMarks marks = default)
    {
        _bytes = bytes;
        _places = places;
        Marks = marks;
    }

    /// <summary>Memcached's flags and the priority for what the command stores; a log carries them beside the command.</summary>
    public EntryMarks Marks { get; }

    /// <summary>The number of arguments, the name included.</summary>
    public int Count => _places.Length;

    /// <summary>The command's name, in any case.</summary>
    public ReadOnlySpan<byte> Name => this[0];

    /// <summary>An argument; 0 is the name.</summary>
    public ReadOnlySpan<byte> this[int index] => _bytes.Slice(_places[index].Start, _places[index].Length);

    /// <summary>The same command with marks.</summary>
    public CommandArguments With(EntryMarks marks) => new(_bytes, _places, marks);

    /// <summary>The same command without the arguments from one on.</summary>
    public CommandArguments Until(int index) => new(_bytes, _places[..index], Marks);

    /// <summary>Whether an argument is a word, in any case.</summary>
    public bool Is(int index, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(this[index], word);

    /// <summary>Reads an argument as a 64-bit integer, in the only form that Redis takes.</summary>
    public bool TryInteger(int index, out long number) => DecimalNumber.TryParse(this[index], out number);

    /// <summary>Makes an argument ready for a look-up.</summary>
    public void Probe(int index, out KeyProbe key) => KeyProbe.Create(this[index], out key);

    /// <summary>Copies of some arguments that stand side by side, for what outlives the reader's buffer.</summary>
    public byte[][] Copy(int first, int count)
    {
        byte[][] copies = new byte[count][];
        for (int i = 0; i < copies.Length; i++)
        {
            copies[i] = this[first + i].ToArray();
        }

        return copies;
    }

    /// <summary>The keys that stand from an argument on, every <paramref name="step"/>-th.</summary>
    public CommandKeys Keys(int first, int step = 1) => new(this, first, step);
}

/// <summary>The keys of a command that names several.</summary>
internal readonly ref struct CommandKeys(CommandArguments arguments, int first, int step) : IKeyList
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => (_arguments.Count - first + step - 1) / step;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => _arguments.Probe(first + (index * step), out key);
}

/// <summary>The keys and values that take turns from the first argument on.</summary>
internal readonly ref struct CommandPairs(CommandArguments arguments) : IPairList
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => (_arguments.Count - 1) / 2;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => _arguments.Probe(1 + (2 * index), out key);

    public ReadOnlySpan<byte> Value(int index) => _arguments[2 + (2 * index)];
}

using System.Buffers.Binary;
using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>Remembers which row a name led to, so that a name that comes again costs a comparison of eight bytes.</summary>
/// <remarks>
/// Only for commands without subcommands whose name has at most eight bytes, in the very spelling that came. Threads may overwrite each other's entries; each is one
/// reference to something that doesn't change, so a reader sees a whole one.
/// </remarks>
internal sealed class CommandLookup(CommandTable table)
{
    private const int LogSlots = 8;

    private readonly Known?[] _slots = new Known?[1 << LogSlots];

    /// <summary>The command, if its name is remembered or can be, and its number of arguments is right; null: ask the table.</summary>
    public Command? Find(scoped in CommandArguments arguments)
    {
        ReadOnlySpan<byte> name = arguments.Name;
        if (name.Length is 0 or > 8)
        {
            return null;
        }

        ulong key = Pack(name);
        ref Known? slot = ref _slots[(int)((key * 0x9E3779B97F4A7C15UL) >> (64 - LogSlots))];
        Known? known = slot;
        if (known == null || known.Name != key || known.Length != name.Length)
        {
            Command? command = table.Find(name);
            if (command == null || command.Subcommands.Count > 0)
            {
                return null;
            }

            slot = known = new Known(key, name.Length, command);
        }

        return known.Command.Takes(arguments.Count) ? known.Command : null;
    }

    private static ulong Pack(ReadOnlySpan<byte> name)
    {
        if (name.Length == 8)
        {
            return BinaryPrimitives.ReadUInt64LittleEndian(name);
        }

        if (name.Length >= 4)
        {
            uint head = BinaryPrimitives.ReadUInt32LittleEndian(name);
            uint tail = BinaryPrimitives.ReadUInt32LittleEndian(name[^4..]);
            return head | ((ulong)tail << (8 * (name.Length - 4)));
        }

        ulong key = 0;
        for (int i = name.Length - 1; i >= 0; i--)
        {
            key = (key << 8) | name[i];
        }

        return key;
    }

    private sealed record Known(ulong Name, int Length, Command Command);
}

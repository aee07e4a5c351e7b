using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Commands between their being read and their being applied, some thousands at a time.</summary>
internal sealed class CommandBatch
{
    private const int MostBytes = 1 << 20;
    private const int MostCommands = 4096;
    private const int FirstCommands = 16;
    private const int FirstBytes = 1024;

    private Queued[] _items = new Queued[FirstCommands];
    private byte[] _bytes = new byte[FirstBytes];
    private (int Start, int Length)[] _places = new (int, int)[4 * FirstCommands];
    private int _placeCount;
    private int _length;

    public int Count { get; private set; }

    /// <summary>Whether a command is too large to be copied here.</summary>
    public static bool IsTooLarge(scoped in CommandArguments command) => BytesOf(command) > MostBytes / 8;

    public bool HasRoomFor(scoped in CommandArguments command) => Count < MostCommands && BytesOf(command) <= MostBytes - _length;

    /// <summary>Copies a command.</summary>
    /// <param name="database">The database that was selected.</param>
    /// <param name="command">The command, for which there is room.</param>
    /// <param name="position">Where it begins in the file.</param>
    public void Add(int database, scoped in CommandArguments command, long position)
    {
        MakeRoom(command.Count, (int)BytesOf(command));
        _items[Count++] = new Queued(_placeCount, command.Count, database, command.Marks, position);
        for (int i = 0; i < command.Count; i++)
        {
            ReadOnlySpan<byte> argument = command[i];
            argument.CopyTo(_bytes.AsSpan(_length));
            _places[_placeCount++] = (_length, argument.Length);
            _length += argument.Length;
        }
    }

    public int DatabaseOf(int index) => _items[index].Database;

    public long PositionOf(int index) => _items[index].Position;

    public CommandArguments this[int index] => new(_bytes, _places.AsSpan(_items[index].FirstPlace, _items[index].Places), _items[index].Marks);

    /// <summary>Forgets the commands.</summary>
    public void Clear() => (Count, _placeCount, _length) = (0, 0, 0);

    // Most logs are small, and need little memory then.
    private void MakeRoom(int places, int bytes)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, 2 * Count);
        }

        if (_places.Length - _placeCount < places)
        {
            Array.Resize(ref _places, Math.Max(2 * _places.Length, _placeCount + places));
        }

        if (_bytes.Length - _length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + bytes));
        }
    }

    private static long BytesOf(scoped in CommandArguments command)
    {
        long bytes = 0;
        for (int i = 0; i < command.Count; i++)
        {
            bytes += command[i].Length;
        }

        return bytes;
    }

    // A command: its first argument's place, how many there are, and what was known of it.
    private readonly record struct Queued(int FirstPlace, int Places, int Database, EntryMarks Marks, long Position);
}

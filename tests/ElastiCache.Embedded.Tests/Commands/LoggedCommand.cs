using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>A command of a log: the database that was selected, and the arguments.</summary>
internal sealed record LoggedCommand(int Database, byte[][] Arguments)
{
    /// <summary>The command's name.</summary>
    public string Name => Encoding.ASCII.GetString(Arguments[0]).ToUpperInvariant();

    /// <summary>A command from words without spaces; <c>''</c> is the empty word.</summary>
    public static LoggedCommand Of(string words, int database = 0) =>
        new(database, Array.ConvertAll(words.Split(' '), word => word == "''" ? [] : Encoding.UTF8.GetBytes(word)));

    /// <summary>As the command table takes it.</summary>
    public CommandArguments ToArguments()
    {
        var places = new (int Start, int Length)[Arguments.Length];
        int start = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (start, Arguments[i].Length);
            start += Arguments[i].Length;
        }

        return new CommandArguments(Arguments.SelectMany(argument => argument).ToArray(), places);
    }

    /// <summary><c>0: DEL a</c></summary>
    public override string ToString() => $"{Database}: {string.Join(' ', Arguments.Select(Encoding.UTF8.GetString))}";

    /// <summary>Follows SELECT and leaves it out.</summary>
    public static List<LoggedCommand> Follow(IEnumerable<byte[][]> commands, ref int database)
    {
        var followed = new List<LoggedCommand>();
        foreach (byte[][] command in commands)
        {
            var next = new LoggedCommand(database, command);
            if (next.Name == "SELECT")
            {
                database = int.Parse(command[1], CultureInfo.InvariantCulture);
            }
            else
            {
                followed.Add(next);
            }
        }

        return followed;
    }

    /// <summary>Reads a file of RESP commands; lines that begin with <c>#</c> are skipped.</summary>
    public static List<LoggedCommand> Parse(ReadOnlySpan<byte> resp)
    {
        var commands = new List<byte[][]>();
        int position = 0;
        while (position < resp.Length)
        {
            string line = ReadLine(resp, ref position);
            if (line[0] == '#')
            {
                continue;
            }

            byte[][] arguments = new byte[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture)][];
            for (int i = 0; i < arguments.Length; i++)
            {
                int length = int.Parse(ReadLine(resp, ref position).AsSpan(1), CultureInfo.InvariantCulture);
                arguments[i] = resp.Slice(position, length).ToArray();
                position += length + 2;
            }

            commands.Add(arguments);
        }

        int database = 0;
        return Follow(commands, ref database);
    }

    private static string ReadLine(ReadOnlySpan<byte> bytes, ref int position)
    {
        int end = bytes[position..].IndexOf("\r\n"u8);
        string line = Encoding.ASCII.GetString(bytes.Slice(position, end));
        position += end + 2;
        return line;
    }
}

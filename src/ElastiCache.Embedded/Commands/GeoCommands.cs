using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on single places. Searches are in <see cref="GeoSearchCommands"/>.</summary>
internal static class GeoCommands
{
    public static readonly CommandError UnknownUnit = new("unsupported unit provided. please use M, KM, FT, MI");

    public static readonly Command[] Rows =
    [
        new("GEOADD", -5, CommandFlags.Write | CommandFlags.DenyOutOfMemory, KeyPositions.One, Add, "Gives members longitudes and latitudes.") { Since = "3.2.0", Complexity = "O(log n) a member" },
        new("GEODIST", -4, CommandFlags.ReadOnly, KeyPositions.One, Distance, "The distance between two members.") { Since = "3.2.0", Complexity = "O(1)" },
        new("GEOHASH", -2, CommandFlags.ReadOnly, KeyPositions.One, Hashes, "The geohashes of members, as text.") { Since = "3.2.0", Complexity = "O(n) for n members" },
        new("GEOPOS", -2, CommandFlags.ReadOnly, KeyPositions.One, Positions, "The longitudes and latitudes of members.") { Since = "3.2.0", Complexity = "O(n) for n members" },
    ];

    /// <summary>Reads a longitude and the latitude behind it.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? ReadPosition(scoped in CommandArguments arguments, int index, out GeoPosition position)
    {
        position = default;
        if (!DoubleText.TryParse(arguments[index], out double longitude) || !DoubleText.TryParse(arguments[index + 1], out double latitude))
        {
            return CommandError.NotAFloat;
        }

        position = new GeoPosition(longitude, latitude);
        return position.IsStorable
            ? null
            : new CommandError(string.Create(CultureInfo.InvariantCulture, $"invalid longitude,latitude pair {Fixed(longitude)},{Fixed(latitude)}"));
    }

    /// <summary>Writes a coordinate with all the digits that Redis gives.</summary>
    public static void WriteCoordinate(RespWriter reply, double degrees)
    {
        string text = degrees.ToString("F17", CultureInfo.InvariantCulture).TrimEnd('0').TrimEnd('.');
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text is "-0" ? "0" : text);
        if (reply.Protocol >= 3)
        {
            reply.Raw([(byte)',', .. bytes, (byte)'\r', (byte)'\n']);
        }
        else
        {
            reply.Bulk(bytes);
        }
    }

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments)
    {
        var rules = ScoreRules.None;
        bool countsChanges = false;
        int first = 2;
        for (; first < arguments.Count; first++)
        {
            ScoreRules rule = arguments.Is(first, "NX"u8) ? ScoreRules.OnlyNew : arguments.Is(first, "XX"u8) ? ScoreRules.OnlyPresent : ScoreRules.None;
            bool isChange = arguments.Is(first, "CH"u8);
            if (rule == ScoreRules.None && !isChange)
            {
                break;
            }

            rules |= rule;
            countsChanges |= isChange;
        }

        int words = arguments.Count - first;
        if (words % 3 != 0 || words == 0 || rules.HasFlag(ScoreRules.OnlyNew | ScoreRules.OnlyPresent))
        {
            return CommandError.Syntax;
        }

        double[] scores = new double[words / 3];
        for (int i = 0; i < scores.Length; i++)
        {
            if (ReadPosition(arguments, first + (3 * i), out GeoPosition position) is { } error)
            {
                return error;
            }

            scores[i] = Geohash.ToScore(position);
        }

        arguments.Probe(1, out KeyProbe key);
        ScoreOutcome outcome = context.GeoSets.Add(context.Database, key, new PlacedArguments(arguments, first, scores), rules, ref context.Ticket);
        context.Reply.Integer(countsChanges ? outcome.Added + outcome.Changed : outcome.Added);
        return null;
    }

    private static CommandError? Distance(CommandContext context, scoped in CommandArguments arguments)
    {
        var unit = GeoUnit.Meters;
        if (arguments.Count == 5 && !GeoUnits.TryParse(arguments[4], out unit))
        {
            return UnknownUnit;
        }

        if (arguments.Count > 5)
        {
            return CommandError.Syntax;
        }

        arguments.Probe(1, out KeyProbe key);
        if (context.GeoSets.Distance(context.Database, key, arguments[2], arguments[3]) is { } meters)
        {
            Span<byte> text = stackalloc byte[GeoDistance.MaxTextBytes];
            context.Reply.Bulk(text[..GeoDistance.Format(meters / unit.Meters(), text)]);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Hashes(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        double?[] scores = context.GeoSets.Scores(context.Database, key, new CommandNames(arguments, 2, arguments.Count - 2));
        Span<byte> text = stackalloc byte[Geohash.TextBytes];
        context.Reply.Array(scores.Length);
        foreach (double? score in scores)
        {
            if (score is { } hash)
            {
                Geohash.WriteText(hash, text);
                context.Reply.Bulk(text);
            }
            else
            {
                context.Reply.Null();
            }
        }

        return null;
    }

    private static CommandError? Positions(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        double?[] scores = context.GeoSets.Scores(context.Database, key, new CommandNames(arguments, 2, arguments.Count - 2));
        context.Reply.Array(scores.Length);
        foreach (double? score in scores)
        {
            if (score is { } hash)
            {
                GeoPosition position = Geohash.ToPosition(hash);
                context.Reply.Array(2);
                WriteCoordinate(context.Reply, position.Longitude);
                WriteCoordinate(context.Reply, position.Latitude);
            }
            else
            {
                context.Reply.NullArray();
            }
        }

        return null;
    }

    private static string Fixed(double degrees) => double.IsInfinity(degrees) ? (degrees > 0 ? "inf" : "-inf") : degrees.ToString("F6", CultureInfo.InvariantCulture);

    private readonly ref struct PlacedArguments(CommandArguments arguments, int first, double[] scores) : IScoredList
    {
        private readonly CommandArguments _arguments = arguments;

        public int Count => scores.Length;

        public ReadOnlySpan<byte> Name(int index) => _arguments[first + (3 * index) + 2];

        public double Score(int index) => scores[index];
    }
}

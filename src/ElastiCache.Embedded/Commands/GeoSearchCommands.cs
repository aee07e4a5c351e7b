using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Searches for places: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS in its four forms.</summary>
internal static class GeoSearchCommands
{
    private const CommandFlags Stores = CommandFlags.Write | CommandFlags.DenyOutOfMemory;
    private const string Cost = "O(n + log m) for n places around and m in all";

    public static readonly Command[] Rows =
    [
        new("GEOSEARCH", -7, CommandFlags.ReadOnly, KeyPositions.One, (context, in arguments) => Run(context, arguments, Form.Search), "The places inside a circle or box.") { Since = "6.2.0", Complexity = Cost },
        new("GEOSEARCHSTORE", -8, Stores, KeyPositions.Two, (context, in arguments) => Run(context, arguments, Form.SearchStore), "Stores the places inside a circle or box.") { Since = "6.2.0", Complexity = Cost },
        new("GEORADIUS", -6, Stores | CommandFlags.MovableKeys, KeyPositions.One, (context, in arguments) => Run(context, arguments, Form.Radius), "The places inside a circle.") { Since = "3.2.0", Complexity = Cost, FindKeys = RadiusKeys },
        new("GEORADIUSBYMEMBER", -5, Stores | CommandFlags.MovableKeys, KeyPositions.One, (context, in arguments) => Run(context, arguments, Form.RadiusByMember), "The places inside a circle around a member.") { Since = "3.2.0", Complexity = Cost, FindKeys = RadiusKeys },
        new("GEORADIUS_RO", -6, CommandFlags.ReadOnly, KeyPositions.One, (context, in arguments) => Run(context, arguments, Form.Radius | Form.ReadOnly), "The places inside a circle, without storing them.") { Since = "3.2.10", Complexity = Cost },
        new("GEORADIUSBYMEMBER_RO", -5, CommandFlags.ReadOnly, KeyPositions.One, (context, in arguments) => Run(context, arguments, Form.RadiusByMember | Form.ReadOnly), "The places inside a circle around a member, without storing them.") { Since = "3.2.10", Complexity = Cost },
    ];

    [Flags]
    private enum Form
    {
        Search = 1,
        SearchStore = 2,
        Radius = 4,
        RadiusByMember = 8,
        ReadOnly = 16,
    }

    private static bool RadiusKeys(scoped in CommandArguments arguments, List<int> positions)
    {
        positions.Add(1);
        for (int i = 5; i + 1 < arguments.Count; i++)
        {
            if (arguments.Is(i, "STORE"u8) || arguments.Is(i, "STOREDIST"u8))
            {
                positions.Add(++i);
            }
        }

        return true;
    }

    private static CommandError? Run(CommandContext context, scoped in CommandArguments arguments, Form form)
    {
        bool isSearch = (form & (Form.Search | Form.SearchStore)) != 0;
        int keyAt = form == Form.SearchStore ? 2 : 1;
        arguments.Probe(keyAt, out KeyProbe key);
        var read = new Reading { StoreAt = form == Form.SearchStore ? 1 : 0, IsSearch = isSearch, MayStore = !form.HasFlag(Form.ReadOnly) && !isSearch };

        // Redis looks at the key before it reads anything else. Which member doesn't matter.
        bool exists = context.GeoSets.Find(context.Database, key, default) is not null;
        int first = keyAt + 1;
        CommandError? error = null;
        if ((form & Form.Radius) != 0)
        {
            error = GeoCommands.ReadPosition(arguments, 2, out GeoPosition center) ?? ReadRadius(arguments, 4, out read.Radius, out read.Unit);
            read.Center = center;
            first = 6;
        }
        else if ((form & Form.RadiusByMember) != 0)
        {
            // Without a set Redis doesn't look at the radius either.
            error = exists ? ReadMember(context, arguments, key, 2, ref read) ?? ReadRadius(arguments, 3, out read.Radius, out read.Unit) : null;
            first = 5;
        }

        error ??= ReadOptions(context, arguments, key, first, exists, ref read) ?? Check(arguments, form, read);
        if (error is not null)
        {
            return error;
        }

        var shape = read.IsBox
            ? GeoShape.Box(read.Center, read.Width, read.Height, read.Unit)
            : GeoShape.Circle(read.Center, read.Radius, read.Unit);
        var query = new GeoQuery
        {
            Shape = shape,
            Count = read.Count,
            AnyWillDo = read.AnyWillDo,
            IsSorted = read.IsSorted || (read.Count > 0 && !read.AnyWillDo),
            IsDescending = read.IsDescending,
        };
        if (read.StoreAt != 0)
        {
            arguments.Probe(read.StoreAt, out KeyProbe destination);
            context.Reply.Integer(context.GeoSets.SearchAndStore(
                context.Database, destination, key, query, read.StoresDistances, isSearch ? "geosearchstore"u8 : "georadiusstore"u8, ref context.Ticket));
            return null;
        }

        Write(context.Reply, exists ? context.GeoSets.Search(context.Database, key, query, uses: false) : [], shape.Unit.Meters(), read);
        return null;
    }

    private static CommandError? ReadOptions(CommandContext context, scoped in CommandArguments arguments, in KeyProbe key, int first, bool exists, ref Reading read)
    {
        for (int i = first; i < arguments.Count; i++)
        {
            int left = arguments.Count - i - 1;
            CommandError? error = null;
            if (arguments.Is(i, "WITHDIST"u8))
            {
                read.WithDistance = true;
            }
            else if (arguments.Is(i, "WITHHASH"u8))
            {
                read.WithHash = true;
            }
            else if (arguments.Is(i, "WITHCOORD"u8))
            {
                read.WithPosition = true;
            }
            else if (arguments.Is(i, "ANY"u8))
            {
                read.AnyWillDo = true;
            }
            else if (arguments.Is(i, "ASC"u8) || arguments.Is(i, "DESC"u8))
            {
                read.IsSorted = true;
                read.IsDescending = arguments.Is(i, "DESC"u8);
            }
            else if (left >= 1 && arguments.Is(i, "COUNT"u8))
            {
                error = !arguments.TryInteger(++i, out read.Count) ? CommandError.NotAnInteger : read.Count <= 0 ? new CommandError("COUNT must be > 0") : null;
            }
            else if (read.MayStore && left >= 1 && (arguments.Is(i, "STORE"u8) || arguments.Is(i, "STOREDIST"u8)))
            {
                read.StoresDistances = arguments.Is(i, "STOREDIST"u8);
                read.StoreAt = ++i;
            }
            else if (read.IsSearch && read.StoreAt != 0 && arguments.Is(i, "STOREDIST"u8))
            {
                read.StoresDistances = true;
            }
            else if (read.IsSearch && !read.HasCenter && left >= 1 && arguments.Is(i, "FROMMEMBER"u8))
            {
                read.HasCenter = true;
                error = exists ? ReadMember(context, arguments, key, i + 1, ref read) : null;
                i++;
            }
            else if (read.IsSearch && !read.HasCenter && left >= 2 && arguments.Is(i, "FROMLONLAT"u8))
            {
                read.HasCenter = true;
                error = GeoCommands.ReadPosition(arguments, i + 1, out GeoPosition center);
                read.Center = center;
                i += 2;
            }
            else if (read.IsSearch && !read.HasShape && left >= 2 && arguments.Is(i, "BYRADIUS"u8))
            {
                read.HasShape = true;
                error = ReadRadius(arguments, i + 1, out read.Radius, out read.Unit);
                i += 2;
            }
            else if (read.IsSearch && !read.HasShape && left >= 3 && arguments.Is(i, "BYBOX"u8))
            {
                read.HasShape = read.IsBox = true;
                error = ReadBox(arguments, i + 1, ref read);
                i += 3;
            }
            else
            {
                error = CommandError.Syntax;
            }

            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    private static CommandError? Check(scoped in CommandArguments arguments, Form form, in Reading read)
    {
        if (read.StoreAt != 0 && (read.WithDistance || read.WithHash || read.WithPosition))
        {
            return new CommandError(
                $"{(form == Form.SearchStore ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS")} is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
        }

        string name = System.Text.Encoding.Latin1.GetString(arguments.Name);
        if (read.IsSearch && !read.HasCenter)
        {
            return new CommandError($"exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}");
        }

        if (read.IsSearch && !read.HasShape)
        {
            return new CommandError($"exactly one of BYRADIUS and BYBOX can be specified for {name}");
        }

        return read.AnyWillDo && read.Count == 0 ? new CommandError("the ANY argument requires COUNT argument") : null;
    }

    private static CommandError? ReadMember(CommandContext context, scoped in CommandArguments arguments, in KeyProbe key, int index, ref Reading read)
    {
        if (context.GeoSets.Find(context.Database, key, arguments[index], uses: false) is not { } found)
        {
            return null;    // no set, so no error about its members
        }

        read.Center = found.Position;
        return found.IsThere ? null : new CommandError("could not decode requested zset member");
    }

    private static CommandError? ReadRadius(scoped in CommandArguments arguments, int index, out double radius, out GeoUnit unit)
    {
        unit = GeoUnit.Meters;
        if (!DoubleText.TryParse(arguments[index], out radius))
        {
            return new CommandError("need numeric radius");
        }

        if (radius < 0)
        {
            return new CommandError("radius cannot be negative");
        }

        return GeoUnits.TryParse(arguments[index + 1], out unit) ? null : GeoCommands.UnknownUnit;
    }

    private static CommandError? ReadBox(scoped in CommandArguments arguments, int index, ref Reading read)
    {
        if (!DoubleText.TryParse(arguments[index], out read.Width))
        {
            return new CommandError("need numeric width");
        }

        if (!DoubleText.TryParse(arguments[index + 1], out read.Height))
        {
            return new CommandError("need numeric height");
        }

        if (read.Width < 0 || read.Height < 0)
        {
            return new CommandError("height or width cannot be negative");
        }

        return GeoUnits.TryParse(arguments[index + 2], out read.Unit) ? null : GeoCommands.UnknownUnit;
    }

    private static void Write(RespWriter reply, List<GeoMatch> matches, double unit, in Reading read)
    {
        int parts = 1 + (read.WithDistance ? 1 : 0) + (read.WithHash ? 1 : 0) + (read.WithPosition ? 1 : 0);
        Span<byte> text = stackalloc byte[GeoDistance.MaxTextBytes];
        reply.Array(matches.Count);
        foreach (GeoMatch match in matches)
        {
            if (parts > 1)
            {
                reply.Array(parts);
            }

            reply.Bulk(match.Member);
            if (read.WithDistance)
            {
                reply.Bulk(text[..GeoDistance.Format(match.Meters / unit, text)]);
            }

            if (read.WithHash)
            {
                reply.Integer((long)match.Score);
            }

            if (read.WithPosition)
            {
                reply.Array(2);
                GeoCommands.WriteCoordinate(reply, match.Position.Longitude);
                GeoCommands.WriteCoordinate(reply, match.Position.Latitude);
            }
        }
    }

    private struct Reading
    {
        public bool IsSearch, MayStore, HasCenter, HasShape, IsBox, WithDistance, WithHash, WithPosition, AnyWillDo, IsSorted, IsDescending, StoresDistances;
        public int StoreAt;
        public long Count;
        public double Radius, Width, Height;
        public GeoUnit Unit;
        public GeoPosition Center;
    }
}

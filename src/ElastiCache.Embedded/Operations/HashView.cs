using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>A hash for reading, packed or large. Valid while its shard is locked and nothing is changed.</summary>
internal readonly ref struct HashView
{
    private readonly HashBody? _body;
    private readonly ReadOnlySpan<byte> _packed;
    private readonly long _now;

    /// <summary>Makes a view.</summary>
    /// <param name="shard">The entry's shard.</param>
    /// <param name="entry">The hash.</param>
    /// <param name="now">Fields whose deadline is not after it are not there.</param>
    public HashView(Shard shard, scoped in Entry entry, long now)
    {
        _body = (HashBody?)shard.ShellOf(entry);
        _packed = _body == null ? entry.Value : default;
        _now = now;
    }

    /// <summary>The number of fields, those included that are due but not removed yet.</summary>
    public long Count => _body?.Count ?? PackedHash.Count(_packed);

    /// <summary>The large form; null for a packed one.</summary>
    public HashBody? Body => _body;

    /// <summary>The packed form, if there is no <see cref="Body"/>.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>The value of a field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="scratch">At least <see cref="DecimalNumber.MaxTextBytes"/> bytes.</param>
    /// <param name="value">The value: it lies in the hash, or is an integer's text in the scratch.</param>
    public bool TryGet(scoped ReadOnlySpan<byte> field, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        if (_body == null)
        {
            bool isThere = PackedHash.TryGet(_packed, field, out ListPackElement element);
            value = isThere ? element.AsText(scratch) : default;
            return isThere;
        }

        KeyProbe.Create(field, out KeyProbe probe);
        bool found = _body.TryFind(probe, _now, out Member member);
        value = found ? member.Value : default;
        return found;
    }

    public bool Contains(scoped ReadOnlySpan<byte> field)
    {
        if (_body == null)
        {
            return PackedHash.Contains(_packed, field);
        }

        KeyProbe.Create(field, out KeyProbe probe);
        return _body.TryFind(probe, _now, out _);
    }

    /// <summary>Visits all fields.</summary>
    /// <returns>How many there were.</returns>
    public int Visit<TSink>(scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        int count = 0;
        if (_body != null)
        {
            foreach (Member field in _body.Fields)
            {
                if (field.Deadline > _now)
                {
                    sink.Take(field.Name, field.Value);
                    count++;
                }
            }

            return count;
        }

        Span<byte> fieldText = stackalloc byte[DecimalNumber.MaxTextBytes];
        Span<byte> valueText = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (PackedHash.Pairs pairs = PackedHash.PairsOf(_packed); pairs.MoveNext(); count++)
        {
            sink.Take(pairs.Field.AsText(fieldText), pairs.Value.AsText(valueText));
        }

        return count;
    }

    /// <summary>Visits the fields at a position of the scan order; a packed hash all at once.</summary>
    /// <returns>The next position; 0 at the end.</returns>
    public uint Scan<TSink>(uint position, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        if (_body == null)
        {
            Visit(ref sink);
            return 0;
        }

        var visitor = new LivingFields<TSink>(sink, _now);
        uint next = _body.Fields.Scan(position, ref visitor);
        sink = visitor.Sink;
        return next;
    }

    private ref struct LivingFields<TSink>(TSink sink, long now) : IMemberVisitor
        where TSink : struct, IFieldSink, allows ref struct
    {
        public TSink Sink = sink;

        public void Visit(in Member field)
        {
            if (field.Deadline > now)
            {
                Sink.Take(field.Name, field.Value);
            }
        }
    }
}

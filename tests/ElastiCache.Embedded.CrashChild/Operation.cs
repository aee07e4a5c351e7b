using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>What a key holds.</summary>
internal sealed record Held(byte[] Value, long Deadline = Keyspace.Record.NoExpiry)
{
    public bool IsSame(Held? other) => other is not null && Deadline == other.Deadline && Value.AsSpan().SequenceEqual(other.Value);
}

/// <summary>One acknowledged step: what it does to a cache, and what it does to a plain model of one.</summary>
internal abstract record Operation(params string[] Keys)
{
    /// <summary>Performs it; returns when it is acknowledged.</summary>
    public void Apply(EmbeddedCache cache) => Await(cache, Begin(cache));

    /// <summary>Performs it in memory. If this fails nothing has changed.</summary>
    public JournalTicket Begin(EmbeddedCache cache)
    {
        JournalTicket ticket = default;
        Apply(cache.Store, ref ticket);
        return ticket;
    }

    /// <summary>Returns when what was begun is acknowledged.</summary>
    public static void Await(EmbeddedCache cache, JournalTicket ticket)
    {
        if (ticket.Commit != 0)
        {
            cache.Journal!.Wait(ticket);
        }
    }

    public abstract void Apply(Dictionary<string, Held> model);

    protected abstract void Apply(Keyspace.Store store, ref JournalTicket ticket);

    protected KeyProbe Probe(int index)
    {
        KeyProbe.Create(Encoding.ASCII.GetBytes(Keys[index]), out KeyProbe probe);
        return probe;
    }
}

/// <summary>SET.</summary>
internal sealed record Store(string Key, byte[] Value) : Operation(Key)
{
    public override void Apply(Dictionary<string, Held> model) => model[Key] = new Held(Value);

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new StringOperations(store).Set(0, Probe(0), Value, ref ticket);
}

/// <summary>SET PXAT.</summary>
internal sealed record StoreUntil(string Key, byte[] Value, long Deadline) : Operation(Key)
{
    public override void Apply(Dictionary<string, Held> model) => model[Key] = new Held(Value, Deadline);

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new StringOperations(store).Set(0, Probe(0), Value, new SetArguments { Deadline = Deadline }, ref ticket);
}

/// <summary>MSET: all keys or none.</summary>
internal sealed record StoreAll(string[] Several, byte[] Value, byte[] Last) : Operation(Several)
{
    public override void Apply(Dictionary<string, Held> model)
    {
        for (int i = 0; i < Keys.Length; i++)
        {
            model[Keys[i]] = new Held(ValueAt(i));
        }
    }

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new StringBatches(store).Set(0, new Pairs(this), ref ticket);

    private byte[] ValueAt(int index) => index == Keys.Length - 1 ? Last : Value;

    private readonly struct Pairs(StoreAll all) : IPairList
    {
        public int Count => all.Keys.Length;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(all.Keys[index], ref scratch, out key);

        public ReadOnlySpan<byte> Value(int index) => all.ValueAt(index);
    }
}

/// <summary>DEL: all keys or none.</summary>
internal sealed record Delete(string[] Several) : Operation(Several)
{
    public override void Apply(Dictionary<string, Held> model) => Array.ForEach(Keys, key => model.Remove(key));

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new KeyOperations(store).Delete(0, new TextKeys(Keys), ref ticket);
}

/// <summary>PEXPIREAT.</summary>
internal sealed record ExpireAt(string Key, long Deadline) : Operation(Key)
{
    public override void Apply(Dictionary<string, Held> model)
    {
        if (model.TryGetValue(Key, out Held? held))
        {
            model[Key] = held with { Deadline = Deadline };
        }
    }

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new ExpireOperations(store).Expire(0, Probe(0), Deadline, default, ref ticket);
}

/// <summary>RENAME: one key less and one more, or neither.</summary>
internal sealed record Rename(string From, string To) : Operation(From, To)
{
    public override void Apply(Dictionary<string, Held> model)
    {
        if (model.TryGetValue(From, out Held? held))
        {
            model.Remove(From);
            model[To] = held;
        }
    }

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new KeyOperations(store).Rename(0, Probe(0), Probe(1), onlyIfAbsent: false, ref ticket);
}

/// <summary>INCRBY.</summary>
internal sealed record Add(string Key, long By) : Operation(Key)
{
    public override void Apply(Dictionary<string, Held> model)
    {
        Held before = model.GetValueOrDefault(Key, new Held("0"u8.ToArray()));
        long sum = long.Parse(before.Value, CultureInfo.InvariantCulture) + By;
        model[Key] = before with { Value = Encoding.ASCII.GetBytes(sum.ToString(CultureInfo.InvariantCulture)) };
    }

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket) =>
        new NumberOperations(store).Increment(0, Probe(0), By, ref ticket);
}

/// <summary>APPEND, or now and then SET, so that the text does not grow for ever.</summary>
internal sealed record Append(string Key, byte[] Piece, bool IsFirst) : Operation(Key)
{
    public override void Apply(Dictionary<string, Held> model)
    {
        Held? before = IsFirst ? null : model.GetValueOrDefault(Key);
        model[Key] = before is null ? new Held(Piece) : before with { Value = [.. before.Value, .. Piece] };
    }

    protected override void Apply(Keyspace.Store store, ref JournalTicket ticket)
    {
        if (IsFirst)
        {
            new StringOperations(store).Set(0, Probe(0), Piece, ref ticket);
        }
        else
        {
            new StringEdits(store).Append(0, Probe(0), Piece, ref ticket);
        }
    }
}

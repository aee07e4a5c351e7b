using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Microsoft.Extensions.Time.Testing;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>A store whose operations on strings and bits are called by the words of the Redis commands, so that one test can say to both what to do.</summary>
/// <remarks>Relative expiry is in ms of the virtual clock. An exception becomes an error reply with the name of its type.</remarks>
internal sealed class StringCommandRunner : IDisposable
{
    private readonly StringOperations _strings;
    private readonly StringEdits _edits;
    private readonly NumberOperations _numbers;
    private readonly StringBatches _batches;
    private readonly StringVersions _versions;
    private readonly LcsOperations _lcs;
    private readonly BitmapOperations _bits;
    private readonly BitFieldOperations _fields;
    private JournalTicket _ticket;

    public StringCommandRunner(int shards = 4, long maxBytes = 0, bool evicts = false)
    {
        Time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Store = new Store(shards, 2, new MemoryBudget(maxBytes, evicts), new CacheClock(Time), EvictionPolicies.EvictorOf(EvictionPolicy.AllKeysAdaptive));
        Journal = new RecordingJournal(shards);
        Store.Journal = Journal;
        _strings = new StringOperations(Store);
        _edits = new StringEdits(Store);
        _numbers = new NumberOperations(Store);
        _batches = new StringBatches(Store);
        _versions = new StringVersions(Store);
        _lcs = new LcsOperations(Store);
        _bits = new BitmapOperations(Store);
        _fields = new BitFieldOperations(Store);
    }

    public FakeTimeProvider Time { get; }

    public Store Store { get; }

    public RecordingJournal Journal { get; }

    public StringVersions Versions => _versions;

    public StringOperations Strings => _strings;

    public long Now => Store.Clock.UnixMilliseconds;

    public ref JournalTicket Ticket => ref _ticket;

    /// <summary>Runs a command whose words have no spaces and returns its reply on one line; <c>''</c> is the empty word.</summary>
    public string Run(string command) => Execute(Array.ConvertAll(
        command.Split(' '), word => word == "''" ? [] : Encoding.UTF8.GetBytes(word))).ToString();

    /// <summary>Runs a command; what it throws is an error reply.</summary>
    public RedisReply Execute(byte[][] command)
    {
        try
        {
            return Call(command);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException or CacheException)
        {
            return new RedisReply(Error: e.GetType().Name + ": " + e.Message);
        }
    }

    /// <summary>Puts an entry of another kind, as other operations will.</summary>
    public void PutList(string key)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        shard.TryFind(0, probe, out Entry current);
        PendingRecord pending = shard.Prepare(current, ValueKind.List, probe, 1, default);
        pending.Value[0] = 1;       // some packed form
        shard.Publish(0, current, probe, pending);
        shard.Exit();
    }

    /// <summary>What a key holds: null if it is missing.</summary>
    public (ValueKind Kind, byte[] Value, long Deadline, uint Flags, bool Edited)? Look(byte[] key, int database = 0)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            return shard.TryFind(database, probe, out Entry entry)
                ? (entry.Kind, entry.Value.ToArray(), entry.Deadline, entry.Marks.Flags, entry.Edited)
                : null;
        }
        finally
        {
            shard.Exit();
        }
    }

    public (ValueKind Kind, byte[] Value, long Deadline, uint Flags, bool Edited)? Look(string key) => Look(Encoding.UTF8.GetBytes(key));

    public void Dispose() => Store.Dispose();

    private RedisReply Call(byte[][] a)
    {
        KeyProbe.Create(a[1], out KeyProbe key);
        switch (Word(a[0]))
        {
            case "GET":
                var reader = default(ArrayReader);
                return _strings.TryRead(0, key, ref reader) ? Bulk(reader.Value) : Nil;
            case "SET":
                return Set(key, a);
            case "SETNX":
                return Number(_strings.Set(0, key, a[2], new SetArguments { Condition = SetCondition.IfAbsent }, ref _ticket));
            case "GETSET":
                var replaced = default(ArrayReader);
                _strings.SetAndRead(0, key, a[2], default, ref replaced, out bool existed, ref _ticket);
                return existed ? Bulk(replaced.Value) : Nil;
            case "GETDEL":
                var deleted = default(ArrayReader);
                return _strings.ReadAndDelete(0, key, ref deleted, ref _ticket) ? Bulk(deleted.Value) : Nil;
            case "GETEX":
                var kept = default(ArrayReader);
                long deadline = Word(a[2]) == "PERSIST" ? Record.NoExpiry : Long(a[3]) + (Word(a[2]) == "PX" ? Now : 0);
                return _strings.ReadAndExpire(0, key, deadline, ref kept, ref _ticket) ? Bulk(kept.Value) : Nil;
            case "STRLEN":
                var length = default(LengthReader);
                return Number(_strings.TryRead(0, key, ref length) ? length.Length : 0);
            case "GETRANGE":
                var range = new PooledReader(Long(a[2]), Long(a[3]));
                _strings.TryRead(0, key, ref range);
                byte[] part = range.Value.ToArray();
                range.Return();
                return Bulk(part);
            case "APPEND":
                return Number(_edits.Append(0, key, a[2], ref _ticket));
            case "SETRANGE":
                return Number(_edits.SetRange(0, key, Long(a[2]), a[3], ref _ticket));
            case "TRYAPPEND":
                return Number(_edits.TryAppend(0, key, a[2], ref _ticket));
            case "TRYPREPEND":
                return Number(_edits.TryPrepend(0, key, a[2], ref _ticket));
            case "INCRBY":
                return Number(_numbers.Increment(0, key, Long(a[2]), ref _ticket));
            case "DECRBY":
                return Number(_numbers.Decrement(0, key, Long(a[2]), ref _ticket));
            case "INCRBYFLOAT":
                byte[] sum = new byte[NumberOperations.MaxFloatBytes];
                return Bulk(sum[.._numbers.IncrementFloat(0, key, a[2], sum, ref _ticket)]);
            case "MGET":
                var values = new Values(new RedisReply[a.Length - 1]);
                _batches.Read(0, Keys(a, 1), ref values);
                return new RedisReply(Items: values.Replies);
            case "MSET":
                _batches.Set(0, new Pairs(a), ref _ticket);
                return Ok;
            case "MSETNX":
                return Number(_batches.SetIfAbsent(0, new Pairs(a), ref _ticket));
            case "LCS":
                return Lcs(key, a);
            case "GETBIT":
                return Number(_bits.GetBit(0, key, Long(a[2])));
            case "SETBIT":
                return Number(_bits.SetBit(0, key, Long(a[2]), Word(a[3]) == "1", ref _ticket));
            case "BITCOUNT":
                return Number(a.Length == 2 ? _bits.Count(0, key) : _bits.Count(0, key, Long(a[2]), Long(a[3]), Unit(a, 4)));
            case "BITPOS":
                bool bit = Word(a[2]) == "1";
                return Number(a.Length < 5
                    ? _bits.Position(0, key, bit, a.Length == 4 ? Long(a[3]) : 0)
                    : _bits.Position(0, key, bit, Long(a[3]), Long(a[4]), Unit(a, 5)));
            case "BITOP":
                KeyProbe.Create(a[2], out KeyProbe destination);
                return Number(Word(a[1]) == "NOT"
                    ? _bits.Invert(0, destination, Keys(a, 3), ref _ticket)
                    : _bits.Combine(0, Enum.Parse<BitOperator>(Word(a[1]), ignoreCase: true), destination, Keys(a, 3), ref _ticket));
            case "BITFIELD":
                return BitField(key, a);
            default:
                throw new InvalidOperationException($"{Word(a[0])}: no such command here");
        }
    }

    private RedisReply Set(in KeyProbe key, byte[][] a)
    {
        if (a.Length == 3)
        {
            _strings.Set(0, key, a[2], ref _ticket);
            return Ok;
        }

        long deadline = Record.NoExpiry;
        bool reads = false, keeps = false;
        var condition = SetCondition.Always;
        for (int i = 3; i < a.Length; i++)
        {
            switch (Word(a[i]))
            {
                case "NX":
                    condition = SetCondition.IfAbsent;
                    break;
                case "XX":
                    condition = SetCondition.IfPresent;
                    break;
                case "GET":
                    reads = true;
                    break;
                case "KEEPTTL":
                    keeps = true;
                    break;
                case "PX":
                    deadline = Now + Long(a[++i]);
                    break;
                default:
                    deadline = Long(a[++i]);
                    break;
            }
        }

        var arguments = new SetArguments { Deadline = deadline, Condition = condition, KeepDeadline = keeps };
        if (!reads)
        {
            return _strings.Set(0, key, a[2], arguments, ref _ticket) ? Ok : Nil;
        }

        var old = default(ArrayReader);
        _strings.SetAndRead(0, key, a[2], arguments, ref old, out bool existed, ref _ticket);
        return existed ? Bulk(old.Value) : Nil;
    }

    private RedisReply Lcs(in KeyProbe key, byte[][] a)
    {
        KeyProbe.Create(a[2], out KeyProbe other);
        if (a.Length == 3)
        {
            return Bulk(_lcs.Text(0, key, other));
        }

        if (Word(a[3]) == "LEN")
        {
            return Number(_lcs.Length(0, key, other));
        }

        List<CommonStretch> stretches = _lcs.Stretches(0, key, other, a.Length > 4 ? Long(a[5]) : 0, out int length);
        RedisReply[] matches = [.. stretches.Select(s => List(List(Number(s.AStart), Number(s.AEnd)), List(Number(s.BStart), Number(s.BEnd))))];
        return List(Bulk("matches"u8.ToArray()), new RedisReply(Items: matches), Bulk("len"u8.ToArray()), Number(length));
    }

    private RedisReply BitField(in KeyProbe key, byte[][] a)
    {
        var steps = new List<BitFieldOperation>();
        var overflow = BitFieldOverflow.Wrap;
        for (int i = 2; i < a.Length; i += Word(a[i]) switch { "OVERFLOW" => 2, "GET" => 3, _ => 4 })
        {
            string type = i + 1 < a.Length ? Word(a[i + 1]) : "";
            switch (Word(a[i]))
            {
                case "OVERFLOW":
                    overflow = type switch { "SAT" => BitFieldOverflow.Saturate, "FAIL" => BitFieldOverflow.Fail, _ => BitFieldOverflow.Wrap };
                    break;
                case "GET":
                    steps.Add(BitFieldOperation.Get(type[0] == 'i', Bits(type), Long(a[i + 2])));
                    break;
                case "SET":
                    steps.Add(BitFieldOperation.Set(type[0] == 'i', Bits(type), Long(a[i + 2]), Long(a[i + 3]), overflow));
                    break;
                default:
                    steps.Add(BitFieldOperation.IncrementBy(type[0] == 'i', Bits(type), Long(a[i + 2]), Long(a[i + 3]), overflow));
                    break;
            }
        }

        var answers = new long?[steps.Count];
        _fields.Apply(0, key, [.. steps], answers, ref _ticket);
        return new RedisReply(Items: Array.ConvertAll(answers, answer => answer is { } number ? Number(number) : Nil));
    }

    private static RedisReply Ok { get; } = Bulk("OK"u8.ToArray());

    private static RedisReply Nil { get; } = new();

    private static RedisReply Bulk(byte[] bytes) => new(bytes);

    private static RedisReply Number(long number) => new(Number: number);

    private static RedisReply Number(bool yes) => new(Number: yes ? 1 : 0);

    private static RedisReply List(params RedisReply[] items) => new(Items: items);

    private static string Word(byte[] argument) => Encoding.ASCII.GetString(argument);

    private static long Long(byte[] argument) => long.Parse(argument, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static int Bits(string type) => int.Parse(type.AsSpan(1), CultureInfo.InvariantCulture);

    private static BitRangeUnit Unit(byte[][] a, int index) => a.Length > index && Word(a[index]) == "BIT" ? BitRangeUnit.Bit : BitRangeUnit.Byte;

    private static ByteKeys Keys(byte[][] a, int first) => new(Array.ConvertAll(a[first..], key => (ReadOnlyMemory<byte>)key));

    private readonly struct Pairs(byte[][] command) : IPairList
    {
        public int Count => (command.Length - 1) / 2;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(command[1 + (2 * index)], out key);

        public ReadOnlySpan<byte> Value(int index) => command[2 + (2 * index)];
    }

    private struct Values(RedisReply[] replies) : IBatchReader
    {
        private ArrayReader _reader;

        public readonly RedisReply[] Replies => replies;

        public void Read(ReadOnlySpan<byte> value, RecordView record) => _reader.Read(value, record);

        public readonly void Next(int index, bool isHit) => replies[index] = isHit ? Bulk([.. _reader.Value]) : Nil;
    }
}

using System.Globalization;
using ElastiCache.Embedded.Tests.Operations;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Deadlines of single fields, as Redis 7.4 documents them.</summary>
public sealed class HashExpiryTests(ITestOutputHelper output) : IDisposable
{
    private readonly StoreSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_field_is_invisible_at_its_deadline_even_if_the_sweeper_never_ran()
    {
        Run("HSET h gone 1 stays 2");
        Assert.Equal("[1]", Run("HPEXPIRE h 100 FIELDS 1 gone"));

        _session.Wait(99);
        Assert.Equal("\"1\"", Run("HGET h gone"));
        Assert.Equal("[1]", Run("HPTTL h FIELDS 1 gone"));
        _session.Wait(1);

        Assert.Equal("(nil)", Run("HGET h gone"));
        Assert.Equal("0", Run("HEXISTS h gone"));
        Assert.Equal("0", Run("HSTRLEN h gone"));
        Assert.Equal("[(nil), \"2\"]", Run("HMGET h gone stays"));
        Assert.Equal("[\"stays\", \"2\"]", Run("HGETALL h"));
        Assert.Equal("[\"stays\"]", Run("HRANDFIELD h 5"));
        Assert.Equal("[\"0\", [\"stays\", \"2\"]]", Run("HSCAN h 0"));
        Assert.Equal("1", Run("HLEN h"));
        Assert.Equal("0", Run("HDEL h gone"));
    }

    [Fact]
    public void A_key_goes_with_the_last_of_its_fields()
    {
        Run("HSET h a 1 b 2");
        Run("HPEXPIRE h 100 FIELDS 2 a b");
        _session.Wait(100);
        _session.Events.Take();
        _session.Keys.TakeLog();

        Assert.Equal("0", Run("HLEN h"));

        Assert.Equal("0", Run("EXISTS h"));
        Assert.Equal("hexpired h, del h", _session.Events.Take());
        Assert.Equal(["0: HDEL h a", "0: HDEL h b"], _session.Keys.TakeLog().Select(command => command.ToString()).Order());
    }

    [Fact]
    public void The_sweeper_removes_what_nobody_asks_for()
    {
        for (int i = 0; i < 5_000; i++)
        {
            Run($"HSET h f{i} 1");
            if (i >= 10)
            {
                Run($"HPEXPIRE h {100 + (i % 300)} FIELDS 1 f{i}");
            }
        }

        for (int i = 0; i < 10; i++)
        {
            _session.Wait(128);
            _session.Store.Sweep();
        }

        _session.Keys.TakeLog();
        Assert.Equal("10", Run("HLEN h"));
        Assert.Empty(_session.Keys.TakeLog());
    }

    [Fact]
    public void The_sweeper_removes_the_key_too()
    {
        Run("HSET h a 1");
        Run("HPEXPIRE h 100 FIELDS 1 a");
        _session.Wait(300);

        _session.Store.Sweep();

        Assert.Equal(0, _session.Store.Count(0));
        Assert.Equal("hset h, hexpire h, hexpired h, del h", _session.Events.Take());
        Assert.Equal(0, _session.AllocatedBytes);
    }

    [Fact]
    public void Outcomes_are_those_of_the_documentation()
    {
        Run("HSET h a 1 b 2 c 3");

        Assert.Equal("[-2, -2]", Run("HEXPIRE none 10 FIELDS 2 a b"));
        Assert.Equal("[1, -2]", Run("HEXPIRE h 10 FIELDS 2 a x"));
        Assert.Equal("[0]", Run("HEXPIRE h 20 NX FIELDS 1 a"));
        Assert.Equal("[0]", Run("HEXPIRE h 20 XX FIELDS 1 b"));
        Assert.Equal("[0]", Run("HEXPIRE h 5 GT FIELDS 1 a"));
        Assert.Equal("[0]", Run("HEXPIRE h 5 GT FIELDS 1 b"));
        Assert.Equal("[0]", Run("HEXPIRE h 20 LT FIELDS 1 a"));
        Assert.Equal("[1]", Run("HEXPIRE h 20 LT FIELDS 1 b"));
        Assert.Equal("[1]", Run("HEXPIRE h 20 GT FIELDS 1 a"));
        Assert.Equal("[1]", Run("HEXPIRE h 30 XX FIELDS 1 a"));
        Assert.Equal("[2]", Run("HEXPIRE h 0 FIELDS 1 c"));
        Assert.Equal("[2, -2]", Run("HEXPIREAT h 1 FIELDS 2 b b"));
        Assert.Equal("[30, -2, -2]", Run("HTTL h FIELDS 3 a b c"));
        Assert.Equal($"[{(KeyTestStore.Start + 30_000) / 1000}]", Run("HEXPIRETIME h FIELDS 1 a"));
        Assert.Equal($"[{KeyTestStore.Start + 30_000}]", Run("HPEXPIRETIME h FIELDS 1 a"));
        Assert.Equal("[1, -2]", Run("HPERSIST h FIELDS 2 a x"));
        Assert.Equal("[-1]", Run("HPERSIST h FIELDS 1 a"));
        Assert.Equal("[-1]", Run("HTTL h FIELDS 1 a"));
        Assert.Equal("[-2]", Run("HPERSIST none FIELDS 1 a"));
        Assert.Equal("[-2]", Run("HTTL none FIELDS 1 a"));
    }

    [Theory]
    [InlineData("HEXPIRE h x FIELDS 1 a", "ERR value is not an integer or out of range")]
    [InlineData("HEXPIRE h -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0")]
    [InlineData("HEXPIRE h 9223372036854775807 FIELDS 1 a", "ERR invalid expire time in 'hexpire' command")]
    [InlineData("HPEXPIREAT h 70368744177664 FIELDS 1 a", "ERR invalid expire time in 'hpexpireat' command")]
    [InlineData("HEXPIRE h 10 YY FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position")]
    [InlineData("HEXPIRE h 10 NX 1 a b", "ERR Mandatory argument FIELDS is missing or not at the right position")]
    [InlineData("HEXPIRE h 10 FIELDS 0 a", "ERR Parameter `numFields` should be greater than 0")]
    [InlineData("HEXPIRE h 10 FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments")]
    [InlineData("HEXPIRE h 10 FIELDS 1 a b", "ERR The `numfields` parameter must match the number of arguments")]
    [InlineData("HEXPIRE h 10 NX FIELDS 1", "ERR The `numfields` parameter must match the number of arguments")]
    [InlineData("HTTL h FIELDS 0 a", "ERR Number of fields must be a positive integer")]
    [InlineData("HTTL h FIELD 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position")]
    [InlineData("HTTL h FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments")]
    [InlineData("HTTL text FIELDS 1 a", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData("HEXPIRE text 10 FIELDS 1 a", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    public void Wrong_arguments_are_refused(string command, string error)
    {
        Run("HSET h a 1");
        Run("SET text x");

        Assert.Equal($"(error) {error}", Run(command));
        Assert.Equal("[-1]", Run("HPTTL h FIELDS 1 a"));
    }

    [Fact]
    public void Setting_a_field_ends_its_deadline_and_adding_to_it_does_not()
    {
        Run("HSET h set 1 add 1 addfloat 1 long 1");
        Run("HPEXPIRE h 100 FIELDS 4 set add addfloat long");
        Run("HSET h set 2");
        Run($"HSET h long {new string('x', 500)}");
        Run("HINCRBY h add 1000000");
        Run("HINCRBYFLOAT h addfloat 0.25");

        Assert.Equal("[-1, 100, 100, -1]", Run("HPTTL h FIELDS 4 set add addfloat long"));

        _session.Wait(100);
        Assert.Equal("2", Run("HLEN h"));
        Assert.Equal("3", Run("HINCRBY h add 3"));
        Assert.Equal("[-1]", Run("HPTTL h FIELDS 1 add"));
    }

    [Fact]
    public void Fields_are_read_and_removed_or_given_a_deadline_in_one_step()
    {
        Run("HSET h a 1 b 2 c 3");

        Assert.Equal("[(nil), (nil)]", Run("HGETDEL none FIELDS 2 a b"));
        Assert.Equal("[\"1\", (nil)]", Run("HGETDEL h FIELDS 2 a x"));
        Assert.Equal("[(nil), \"2\"]", Run("HGETEX h FIELDS 2 a b"));
        Assert.Equal("[\"2\", (nil)]", Run("HGETEX h EX 10 FIELDS 2 b x"));
        Assert.Equal("[10]", Run("HTTL h FIELDS 1 b"));
        Assert.Equal("[\"2\"]", Run("HGETEX h PERSIST FIELDS 1 b"));
        Assert.Equal("[-1]", Run("HTTL h FIELDS 1 b"));
        Assert.Equal("[\"2\"]", Run("HGETEX h PXAT 1 FIELDS 1 b"));
        Assert.Equal("1", Run("HLEN h"));
        Assert.Equal("1", Run("HSETEX h EX 10 FIELDS 2 d 4 e 5"));
        Assert.Equal("1", Run("HSETEX h KEEPTTL FIELDS 2 d 6 f 7"));
        Assert.Equal("[10, 10, -1]", Run("HTTL h FIELDS 3 d e f"));
        Assert.Equal("0", Run("HSETEX h FNX FIELDS 2 d 8 g 8"));
        Assert.Equal("0", Run("HSETEX h FXX FIELDS 2 d 8 g 8"));
        Assert.Equal("1", Run("HSETEX h FXX PX 500 FIELDS 2 d 8 e 8"));
        Assert.Equal("1", Run("HSETEX h FIELDS 1 e 9"));
        Assert.Equal("[500, -1]", Run("HPTTL h FIELDS 2 d e"));
        Assert.Equal("(error) ERR The `numfields` parameter must match the number of arguments", Run("HSETEX h FIELDS 2 a 1 b"));
        Assert.Equal("(error) ERR Mandatory argument FIELDS is missing or not at the right position", Run("HGETEX h EX 10 a b"));

        using var replayed = new StoreSession();
        replayed.Keys.Replay(_session.Keys.TakeLog());
        Assert.Equal(_session.Members(), replayed.Members());
    }

    [Fact]
    public void A_due_field_counts_as_absent_for_whoever_writes_it()
    {
        Run("HSET h a 1 b 1 c 1 d 1");
        Run("HPEXPIRE h 100 FIELDS 3 a b c");
        _session.Wait(100);

        Assert.Equal("1", Run("HSET h a 2"));
        Assert.Equal("1", Run("HSETNX h b 2"));
        Assert.Equal("[-2]", Run("HEXPIRE h 100 FIELDS 1 c"));
        Assert.Equal("3", Run("HLEN h"));
    }

    [Theory]
    [InlineData("RENAME h x", "x")]
    [InlineData("RENAME h other", "other")]
    [InlineData("COPY h x", "x")]
    [InlineData("COPY h other REPLACE", "other")]
    public void Deadlines_travel_with_the_hash(string command, string key)
    {
        Run("HSET h a 1 b 2");
        Run("HSET other c 1");
        Run("HPEXPIRE h 1000 FIELDS 1 a");
        Run(command);
        Run("DEL h");

        Assert.Equal("[1000, -1]", Run($"HPTTL {key} FIELDS 2 a b"));
        _session.Wait(1_200);
        _session.Store.Sweep();

        _session.Keys.TakeLog();
        Assert.Equal("1", Run($"HLEN {key}"));
        Assert.Empty(_session.Keys.TakeLog());
    }

    [Fact]
    public void A_swapped_database_is_swept_under_its_new_number()
    {
        Run("HSET h a 1 b 2");
        Run("HPEXPIRE h 1000 FIELDS 1 a");
        Run("SWAPDB 0 1");
        _session.Wait(1_200);
        _session.Keys.TakeLog();

        _session.Store.Sweep();

        Assert.Equal(["1: HDEL h a"], _session.Keys.TakeLog().Select(command => command.ToString()));
    }

    [Fact]
    public void A_deadline_keeps_the_name_of_the_encoding()
    {
        Run("HSET h a 1");
        Run("HPEXPIRE h 1000 FIELDS 1 a");
        Assert.Equal("\"listpack\"", Run("OBJECT ENCODING h"));

        Run($"HSET h b {new string('x', 65)}");

        Assert.Equal("\"hashtable\"", Run("OBJECT ENCODING h"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_deadlines_are_kept_as_a_dictionary_keeps_them(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new Dictionary<string, (string Value, long Deadline)>();
        for (int step = 0; step < 20_000; step++)
        {
            long now = _session.Keys.Now;
            string field = "f" + random.Next(random.Next(2) == 0 ? 20 : 2_000);
            bool isThere = model.TryGetValue(field, out (string Value, long Deadline) known) && known.Deadline > now;
            string what = $"seed {seed}, step {step}, {field}";
            switch (random.Next(12))
            {
                case < 4:
                    string value = "v" + random.Next(1_000);
                    Assert.True(Run($"HSET h {field} {value}") == (isThere ? "0" : "1"), what);
                    model[field] = (value, long.MaxValue);
                    break;
                case < 7:
                    long life = random.Next(1, random.Next(4) == 0 ? 50_000 : 2_000);
                    Assert.True(Run($"HPEXPIRE h {life} FIELDS 1 {field}") == (isThere ? "[1]" : "[-2]"), what);
                    if (isThere)
                    {
                        model[field] = (known.Value, now + life);
                    }

                    break;
                case 7:
                    Assert.True(Run($"HPERSIST h FIELDS 1 {field}") == (!isThere ? "[-2]" : known.Deadline == long.MaxValue ? "[-1]" : "[1]"), what);
                    if (isThere)
                    {
                        model[field] = (known.Value, long.MaxValue);
                    }

                    break;
                case 8:
                    Assert.True(Run($"HDEL h {field}") == (isThere ? "1" : "0"), what);
                    model.Remove(field);
                    break;
                case 9:
                    Assert.True(Run($"HGET h {field}") == (isThere ? $"\"{known.Value}\"" : "(nil)"), what);
                    break;
                case 10:
                    _session.Wait(random.Next(300));
                    if (random.Next(3) == 0)
                    {
                        _session.Store.Sweep();
                    }

                    break;
                default:
                    int living = model.Values.Count(member => member.Deadline > now);
                    Assert.True(Run("HLEN h") == living.ToString(CultureInfo.InvariantCulture), what);
                    break;
            }
        }

        var replayed = new StoreSession();
        replayed.Keys.Replay(_session.Keys.TakeLog());
        _session.Execute("HLEN h");
        Assert.Equal(_session.Members(), replayed.Members().Where(line => !IsDue(line)));
        replayed.Dispose();

        _session.Wait(60_000);
        for (int i = 0; i < 20; i++)
        {
            _session.Store.Sweep();
            _session.Wait(128);
        }

        Run("DEL h");
        while (Enumerable.Range(0, 4).Any(shard => _session.Store.ShardAt(shard).Collections.HasGarbage))
        {
            _session.Store.Sweep();
        }

        Assert.Equal(Enumerable.Range(0, 4).Sum(shard => _session.Store.ShardAt(shard).WheelBytes), _session.AllocatedBytes);
    }

    // The replayed store has a clock of its own, which stands at the start.
    private bool IsDue(string line)
    {
        long deadline = long.Parse(line[(line.LastIndexOf('[') + 1)..^1], CultureInfo.InvariantCulture);
        return deadline >= 0 && deadline <= _session.Keys.Now;
    }

    private string Run(string line) => _session.Run(line);
}

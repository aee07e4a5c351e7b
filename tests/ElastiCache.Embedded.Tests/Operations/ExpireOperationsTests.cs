using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Operations;

public sealed class ExpireOperationsTests : IDisposable
{
    private const long Second = 1000;

    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_key_is_gone_at_its_deadline_and_not_before()
    {
        _store.Set("a", "1");
        _store.Log();

        Assert.True(_store.Expire("a", _store.Now + 5));
        Assert.Equal($"0: PEXPIREAT a {_store.Now + 5}", _store.Log());
        _store.Time.Advance(TimeSpan.FromMilliseconds(4));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal(1, _store.Exists("a"));
        _store.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(_store.Get("a"));
        Assert.Equal(0, _store.Exists("a"));
        Assert.Equal("0: DEL a", _store.Log());
    }

    [Fact]
    public void There_is_nothing_to_expire_where_there_is_no_key()
    {
        Assert.False(_store.Expire("a", _store.Now + 5));
        Assert.False(_store.Expire("a", 0));
        Assert.False(_store.Persist("a"));
        Assert.Equal("", _store.Log());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(KeyTestStore.Start)]
    public void A_deadline_that_has_passed_deletes(long deadline)
    {
        _store.Set("a", "1");
        _store.Log();

        Assert.True(_store.Expire("a", deadline));
        Assert.Equal(0, _store.Databases.Size(0));
        Assert.Equal("0: DEL a", _store.Log());
    }

    [Theory]
    [InlineData(KeyTestStore.Start + 1)]
    [InlineData(KeyTestStore.Start + (1L << 31) - 1)]
    [InlineData(KeyTestStore.Start + (1L << 31) + 1)]
    [InlineData(KeyTestStore.Start + (1L << 32) - 1)]
    [InlineData(KeyTestStore.Start + (1L << 32) + 1)]
    [InlineData(long.MaxValue - 1)]
    public void A_deadline_to_come_is_kept_to_the_millisecond(long deadline)
    {
        _store.Set("a", "1");

        Assert.True(_store.Expire("a", deadline));
        Assert.Equal(deadline, _store.Deadline("a").UnixTime(inSeconds: false));
        Assert.Equal(deadline - _store.Now, _store.Deadline("a").TimeLeft(_store.Now, inSeconds: false));
    }

    [Fact]
    public void The_last_number_of_all_is_a_deadline_and_not_none()
    {
        _store.Set("a", "1");

        Assert.True(_store.Expire("a", long.MaxValue));
        Assert.True(_store.Deadline("a").IsSet);
        Assert.Equal(ExpireDeadline.Latest, _store.Deadline("a").UnixMilliseconds);
    }

    [Theory]
    [InlineData(ExpireCondition.IfNone, null, true, true)]
    [InlineData(ExpireCondition.IfNone, 100, false, false)]
    [InlineData(ExpireCondition.IfAny, null, false, false)]
    [InlineData(ExpireCondition.IfAny, 100, true, true)]
    [InlineData(ExpireCondition.IfLater, null, false, false)]
    [InlineData(ExpireCondition.IfLater, 100, false, true)]
    [InlineData(ExpireCondition.IfSooner, null, true, true)]
    [InlineData(ExpireCondition.IfSooner, 100, true, false)]
    [InlineData(ExpireCondition.IfAny | ExpireCondition.IfLater, null, false, false)]
    [InlineData(ExpireCondition.IfAny | ExpireCondition.IfLater, 100, false, true)]
    [InlineData(ExpireCondition.IfAny | ExpireCondition.IfSooner, null, false, false)]
    [InlineData(ExpireCondition.IfAny | ExpireCondition.IfSooner, 100, true, false)]
    public void Conditions_compare_with_the_deadline_that_there_is(ExpireCondition condition, int? present, bool takesSooner, bool takesLater)
    {
        long now = _store.Now;
        foreach ((long offset, bool expected) in new[] { (50L, takesSooner), (150L, takesLater) })
        {
            _store.Set("a", "1", deadline: present is { } ms ? now + ms : long.MaxValue);
            Assert.Equal(expected, _store.Expire("a", now + offset, condition));
            long wanted = expected ? now + offset : present is { } old ? now + old : long.MaxValue;
            Assert.Equal(wanted, _store.Deadline("a").UnixMilliseconds);
        }
    }

    [Theory]
    [InlineData(ExpireCondition.IfLater)]
    [InlineData(ExpireCondition.IfSooner)]
    public void An_equal_deadline_is_neither_later_nor_sooner(ExpireCondition condition)
    {
        _store.Set("a", "1", deadline: _store.Now + 100);

        Assert.False(_store.Expire("a", _store.Now + 100, condition));
    }

    [Fact]
    public void A_condition_that_does_not_hold_keeps_a_past_deadline_from_deleting()
    {
        _store.Set("a", "1");
        _store.Log();

        Assert.False(_store.Expire("a", 0, ExpireCondition.IfAny));
        Assert.False(_store.Expire("a", 0, ExpireCondition.IfLater));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("", _store.Log());
    }

    [Theory]
    [InlineData(ExpireCondition.IfNone | ExpireCondition.IfAny)]
    [InlineData(ExpireCondition.IfNone | ExpireCondition.IfLater)]
    [InlineData(ExpireCondition.IfNone | ExpireCondition.IfSooner)]
    [InlineData(ExpireCondition.IfLater | ExpireCondition.IfSooner)]
    [InlineData((ExpireCondition)16)]
    public void Conditions_that_contradict_each_other_are_refused(ExpireCondition condition)
    {
        _store.Set("a", "1");

        Assert.Throws<ArgumentException>(() => _store.Expire("a", _store.Now + 1, condition));
        Assert.Equal(KeyDeadline.Never, _store.Deadline("a").UnixTime(inSeconds: false));
    }

    [Fact]
    public void TTL_answers_minus_two_without_a_key_and_minus_one_without_a_deadline()
    {
        _store.Set("a", "1");

        foreach (bool inSeconds in new[] { false, true })
        {
            Assert.Equal(-2, _store.Deadline("nothing").TimeLeft(_store.Now, inSeconds));
            Assert.Equal(-2, _store.Deadline("nothing").UnixTime(inSeconds));
            Assert.Equal(-1, _store.Deadline("a").TimeLeft(_store.Now, inSeconds));
            Assert.Equal(-1, _store.Deadline("a").UnixTime(inSeconds));
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(499, 0)]
    [InlineData(500, 1)]
    [InlineData(1499, 1)]
    [InlineData(1500, 2)]
    public void Seconds_are_rounded_half_up(long milliseconds, long seconds)
    {
        var deadline = new KeyDeadline(true, _store.Now + milliseconds);

        Assert.Equal(seconds, deadline.TimeLeft(_store.Now, inSeconds: true));
        Assert.Equal((_store.Now / Second) + seconds, deadline.UnixTime(inSeconds: true));
        Assert.Equal(0, deadline.TimeLeft(_store.Now + 10 * Second, inSeconds: true));
    }

    [Fact]
    public void A_persistent_key_outlives_its_deadline()
    {
        _store.Set("a", "1", deadline: _store.Now + 100);
        _store.Log();

        Assert.True(_store.Persist("a"));
        Assert.False(_store.Persist("a"));
        Assert.Equal("0: PERSIST a", _store.Log());
        _store.Time.Advance(TimeSpan.FromSeconds(10));
        _store.Store.Sweep();
        Assert.Equal("1", _store.Get("a"));
    }

    [Fact]
    public void A_deadline_put_off_or_brought_forward_is_the_one_that_counts()
    {
        _store.Set("later", "1", deadline: _store.Now + Second);
        _store.Set("sooner", "1", deadline: _store.Now + (3600 * Second));
        _store.Expire("later", _store.Now + (3600 * Second));
        _store.Expire("sooner", _store.Now + Second);

        _store.Time.Advance(TimeSpan.FromSeconds(3));
        _store.Store.Sweep();
        Assert.Equal(["later"], _store.KeysLike("*"));
        Assert.Equal(1, _store.Databases.Size(0));
        _store.Time.Advance(TimeSpan.FromHours(2));
        _store.Store.Sweep();
        Assert.Equal(0, _store.Databases.Size(0));
    }

    [Fact]
    public void Setting_the_deadline_that_it_has_logs_nothing()
    {
        _store.Set("a", "1", deadline: _store.Now + 100);
        _store.Log();

        Assert.True(_store.Expire("a", _store.Now + 100));
        Assert.Equal("", _store.Log());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, true)]
    [InlineData(1L << 32, true)]
    [InlineData(long.MaxValue / 1000, false)]           // fits as milliseconds, but not after now is added
    [InlineData((long.MaxValue / 1000) + 1, false)]
    [InlineData(long.MinValue / 1000, true)]
    [InlineData((long.MinValue / 1000) - 1, false)]
    [InlineData(long.MaxValue, false)]
    [InlineData(long.MinValue, false)]
    public void Seconds_from_now_that_overflow_are_refused(long seconds, bool fits)
    {
        Assert.Equal(fits, ExpireDeadline.TryMake(seconds, inSeconds: true, _store.Now, out long deadline));
        Assert.Equal(fits ? (seconds * Second) + _store.Now : 0, deadline);
    }

    [Theory]
    [InlineData(long.MaxValue, 0, true)]
    [InlineData(long.MaxValue, 1, false)]
    [InlineData(long.MaxValue - 1, 1, true)]
    [InlineData(long.MinValue, 0, true)]
    [InlineData(long.MinValue, 1, true)]
    public void Milliseconds_that_overflow_are_refused(long milliseconds, long from, bool fits)
    {
        Assert.Equal(fits, ExpireDeadline.TryMake(milliseconds, inSeconds: false, from, out _));
    }
}

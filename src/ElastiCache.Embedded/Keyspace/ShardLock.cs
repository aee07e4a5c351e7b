using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The lock of a shard's writers: one word on cache lines of its own.</summary>
/// <remarks>
/// It is held for some 100 ns, never over I/O, an await or a user's callback. Readers don't take it unless
/// they were disturbed several times. Re-entering is for transactions only: a thread that holds it with <see cref="Hold"/> runs ordinary operations
/// inside, which find the lock taken, look who has it, and count. Against Monitor it saves the object header and half of an uncontended SET's locking.
/// <para>
/// Who finds it taken spins for some 10 µs, and then parks until it is let go. Whoever has waited for a quarter of a millisecond asks that it be handed over: it is then not free in between. Without
/// that, work in the background, which lets go of a lock only to take it again, keeps a writer out for milliseconds, and the writers of one busy key the log's thread. Nobody yields or sleeps, as <see cref="SpinWait"/> does
/// after 10 µs, for a millisecond or for a turn of others: that was the longest operation beside a snapshot or a sweep. Benchmarks: compare, "stall"; memory --only lower,expire.
/// </para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct ShardLock
{
    private const int Spins = 256;

    // Each time that it is handed over it is held by a thread that doesn't run yet. With 4 writers of one key on 2 cores, asking at once cost a fifth of their throughput.
    private static readonly TimeSpan LongWait = TimeSpan.FromMicroseconds(250);

    // To let go and to look whether somebody has parked is two steps without a fence between: one who parks between them is missed, and finds out for himself.
    private static readonly TimeSpan MostParked = TimeSpan.FromMilliseconds(1);

    [FieldOffset(128)]
    private int _held;

    [FieldOffset(132)]
    private int _owner;         // the managed thread that holds it for a transaction, else 0

    [FieldOffset(136)]
    private long _isSpecial;    // the two that follow, which are nearly always 0

    [FieldOffset(136)]
    private int _depth;         // how often the owner has entered since

    [FieldOffset(140)]
    private int _parked;        // threads

    // The rest is guarded by the monitor of this object.
    [FieldOffset(144)]
    private object? _parking;

    [FieldOffset(152)]
    private int _waiting;       // threads that can be woken

    [FieldOffset(156)]
    private bool _isWaking;     // from when a thread is woken until it runs: one at a time

    [FieldOffset(157)]
    private bool _isAskedFor;   // it is to be handed over when it is let go

    [FieldOffset(158)]
    private bool _isHandedOver; // it is held, for the thread that is woken

    /// <summary>Whether somebody has parked because of it.</summary>
    public readonly bool IsAwaited => Volatile.Read(in _parked) != 0;

    /// <summary>Whether it is to be handed over when it is let go. For tests.</summary>
    public readonly bool IsAskedFor => Volatile.Read(in _isAskedFor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
        {
            EnterContended();
        }
    }

    public bool TryEnter() => Volatile.Read(ref _held) == 0 && Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit()
    {
        if (_isSpecial != 0)
        {
            ExitSpecially();
            return;
        }

        Volatile.Write(ref _held, 0);
    }

    /// <summary>Takes the lock for a transaction: until <see cref="Release"/> this thread may enter it again.</summary>
    public void Hold()
    {
        Enter();
        Volatile.Write(ref _owner, Environment.CurrentManagedThreadId);
    }

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void Release()
    {
        Volatile.Write(ref _owner, 0);
        Exit();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterContended()
    {
        // Nobody else writes this thread's number there.
        if (Volatile.Read(ref _owner) == Environment.CurrentManagedThreadId)
        {
            _depth++;
            return;
        }

        long start = Stopwatch.GetTimestamp();
        bool hasIt = TrySpin();
        while (!hasIt)
        {
            hasIt = TryPark(asks: Stopwatch.GetElapsedTime(start) >= LongWait) || TrySpin();
        }
    }

    private bool TrySpin()
    {
        for (int i = 0; i < Spins; i++)
        {
            if (TryEnter())
            {
                return true;
            }

            Thread.SpinWait(1);
        }

        return false;
    }

    // Returns when it was woken, or after a while. True if the lock was handed over.
    private bool TryPark(bool asks)
    {
        object parking = Parking();
        Interlocked.Increment(ref _parked);
        try
        {
            lock (parking)
            {
                _isAskedFor |= asks;
                _waiting++;
                try
                {
                    if (Volatile.Read(ref _held) == 0)
                    {
                        return false;
                    }

                    Monitor.Wait(parking, MostParked);
                }
                finally
                {
                    _waiting--;
                    _isWaking = false;
                }

                bool isHandedOver = _isHandedOver;
                _isHandedOver = false;
                return isHandedOver;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _parked);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ExitSpecially()
    {
        if (_depth != 0)
        {
            _depth--;
            return;
        }

        object parking = Parking();
        lock (parking)
        {
            if (_waiting == 0)
            {
                Volatile.Write(ref _held, 0);
                return;
            }

            _isHandedOver = _isAskedFor;
            _isAskedFor = false;
            if (!_isHandedOver)
            {
                Volatile.Write(ref _held, 0);
            }

            if (_isHandedOver || !_isWaking)
            {
                _isWaking = true;
                Monitor.Pulse(parking);
            }
        }
    }

    private object Parking() => _parking ?? Interlocked.CompareExchange(ref _parking, new object(), null) ?? _parking;
}

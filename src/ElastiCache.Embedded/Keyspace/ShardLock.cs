using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The lock of a shard's writers: one word on cache lines of its own, spinning first and then yielding.</summary>
/// <remarks>
/// It is held for some 100 ns, never over I/O, an await or a user's callback. Readers don't take it unless
/// they were disturbed several times. Re-entering is for transactions only: a thread that holds it with <see cref="Hold"/> runs ordinary operations
/// inside, which find the lock taken, look who has it, and count. Against Monitor it saves the object header and half of an uncontended SET's locking.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct ShardLock
{
    [FieldOffset(128)]
    private int _held;

    [FieldOffset(132)]
    private int _owner;     // the managed thread that holds it for a transaction, else 0

    [FieldOffset(136)]
    private int _depth;     // how often the owner has entered since

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
        if (_depth != 0)
        {
            _depth--;
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

        var spin = new SpinWait();
        do
        {
            // Yields after some rounds, so that a preempted holder gets the core.
            spin.SpinOnce();
        }
        while (!TryEnter());
    }
}

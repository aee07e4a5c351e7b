using System.Runtime.InteropServices;
using ElastiCache.Embedded.Keyspace;
using Xunit;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>Memory for a wheel under test: refuses a reference that was freed or never given out, and overwrites what is freed.</summary>
internal readonly unsafe struct ExpiryWheelChunks(ExpiryWheelChunks.Arena arena) : IWheelMemory
{
    public uint Allocate(int bytes) => arena.Allocate(bytes);

    public void Free(uint reference) => arena.Free(reference);

    public byte* Address(uint reference) => (byte*)arena.Address(reference);

    internal sealed class Arena : IDisposable
    {
        private const int ChunkBytes = 128;

        private readonly List<nint> _blocks = [0];
        private readonly List<bool> _isLive = [false];
        private readonly Stack<uint> _free = [];

        public int Live { get; private set; }

        /// <summary>Allocations that succeed before one throws.</summary>
        public int AllocationsLeft { get; set; } = int.MaxValue;

        public uint Allocate(int bytes)
        {
            Assert.Equal(ChunkBytes, bytes);
            if (AllocationsLeft-- <= 0)
            {
                throw new InsufficientMemoryException();
            }

            Live++;
            if (!_free.TryPop(out uint reference))
            {
                reference = (uint)_blocks.Count;
                _blocks.Add((nint)NativeMemory.Alloc(ChunkBytes));
                _isLive.Add(false);
            }

            _isLive[(int)reference] = true;
            return reference;
        }

        public void Free(uint reference)
        {
            NativeMemory.Fill((void*)Address(reference), ChunkBytes, 0xDD);
            _isLive[(int)reference] = false;
            _free.Push(reference);
            Live--;
        }

        public nint Address(uint reference) => _isLive[(int)reference]
            ? _blocks[(int)reference]
            : throw new InvalidOperationException($"Chunk {reference} is not allocated.");

        public void Dispose()
        {
            foreach (nint block in _blocks)
            {
                NativeMemory.Free((void*)block);
            }

            _blocks.Clear();
        }
    }
}

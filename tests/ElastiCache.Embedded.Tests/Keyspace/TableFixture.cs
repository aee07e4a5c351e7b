using System.Runtime.InteropServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A table with an allocator of its own and a plain dictionary beside it. Entries are numbers; the test picks their hashes.</summary>
internal sealed unsafe class TableFixture : IDisposable
{
    private readonly TableWord* _word;

    public TableFixture(long arenaBytes = 256L << 20)
    {
        Arena = new Arena(arenaBytes);
        Allocator = new BlockAllocator(Arena);
        _word = (TableWord*)NativeMemory.AlignedAlloc(TableWord.Bytes, TableWord.Bytes);
        *_word = default;
        Table = new RecordTable(Arena, Allocator, _word);
    }

    public Arena Arena { get; }

    public BlockAllocator Allocator { get; }

    public RecordTable Table { get; }

    /// <summary>The model: id to hash and the address of its record.</summary>
    public Dictionary<int, (uint Hash, nint Record)> Expected { get; } = [];

    /// <summary>The ids in an order from which a random one can be drawn.</summary>
    public List<int> Ids { get; } = [];

    public void Add(int id, uint hash)
    {
        byte* record = NewRecord(id);
        Table.Add(hash, Arena.ReferenceOf(record), tag: 0);
        Expected.Add(id, (hash, (nint)record));
        Ids.Add(id);
    }

    public void ReplaceRecordOf(int id)
    {
        (uint hash, nint old) = Expected[id];
        Assert.True(TryFind(id, hash, out SlotPosition position));
        byte* record = NewRecord(id);
        Table.Replace(position, Arena.ReferenceOf(record));
        Allocator.Free((byte*)old);
        Expected[id] = (hash, (nint)record);
    }

    public void RemoveAt(int index)
    {
        int id = Ids[index];
        (uint hash, nint record) = Expected[id];
        Assert.True(TryFind(id, hash, out SlotPosition position), $"id {id} is not found");
        Table.Remove(position);
        Allocator.Free((byte*)record);
        Expected.Remove(id);
        Ids[index] = Ids[^1];
        Ids.RemoveAt(Ids.Count - 1);
    }

    public bool TryFind(int id, uint hash, out SlotPosition position)
    {
        var isThisOne = new HasId(id);
        return Table.TryFind(hash, ref isThisOne, out position);
    }

    /// <summary>Everything that must hold between two operations; O(table).</summary>
    public void Verify(string where)
    {
        Assert.True(Table.Count == Expected.Count, $"{where}: count {Table.Count}, expected {Expected.Count}");
        foreach ((int id, (uint hash, nint record)) in Expected)
        {
            Assert.True(TryFind(id, hash, out SlotPosition position), $"{where}: id {id} is lost");
            Assert.True((nint)Arena.At(position.Reference) == record, $"{where}: id {id} has another record");
            Assert.True(position.Home == Table.HomeOf(hash), $"{where}: id {id} has another home");
            Assert.True(Table.TryFind(hash, Arena.ReferenceOf((byte*)record), out _), $"{where}: id {id} is not found by reference");
        }

        VerifyBuckets(where);
        Assert.True(_word->Buckets == Table.Buckets, where);
        Assert.True((_word->Directory == 0 || (uint)_word->Directory == 0) == (Table.Buckets == 0), where);
        long records = Expected.Count * (long)SizeClasses.RoundedBytes(RecordBytes);
        Assert.True(Allocator.AllocatedBytes == records + Table.Bytes, $"{where}: {Allocator.AllocatedBytes} allocated, {records} + {Table.Bytes} expected");
    }

    public List<int> ScanAll(Action? betweenSlices = null)
    {
        var found = new List<int>();
        uint position = 0;
        int slices = 0;
        do
        {
            var visitor = new Collects(found);
            position = Table.Scan(position, ref visitor);
            betweenSlices?.Invoke();
            Assert.True(++slices < 1 << 22, "the scan does not end");
        }
        while (position != 0);
        return found;
    }

    public void Dispose()
    {
        GC.KeepAlive(Arena);
        NativeMemory.AlignedFree(_word);
    }

    private const int RecordBytes = 9;      // header and a 4-byte key

    // An entry counts in every full bucket between its home and where it stands; counts that once reached 255 stay.
    private void VerifyBuckets(string where)
    {
        uint chunkBuckets = Math.Min(Table.Buckets, RecordTable.ChunkBuckets);
        uint all = chunkBuckets == 0 ? 0 : (Table.Buckets + chunkBuckets - 1) / chunkBuckets * chunkBuckets;
        int[] overflow = new int[all];
        int entries = 0;
        for (uint i = 0; i < all; i++)
        {
            Bucket* bucket = Table.BucketAt(i);
            Assert.True((bucket->Version & 1) == 0, $"{where}: bucket {i} is left odd");
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                ulong content = *Bucket.SlotAt(bucket, slot);
                if (content == 0)
                {
                    Assert.True(Bucket.AccessOf(bucket, slot) == 0, $"{where}: an empty slot has age bits");
                    continue;
                }

                entries++;
                uint home = RecordTable.HomeIndex((uint)(content >> 32), Table.Buckets);
                Assert.True(home / chunkBuckets == i / chunkBuckets, $"{where}: an entry has left its chunk");
                for (uint step = home; step != i; step = (step & ~(chunkBuckets - 1)) | ((step + 1) & (chunkBuckets - 1)))
                {
                    overflow[step]++;
                }
            }
        }

        Assert.True(entries == Table.Count, $"{where}: {entries} slots in use, count {Table.Count}");
        for (uint i = 0; i < all; i++)
        {
            byte counted = Table.BucketAt(i)->Overflow;
            Assert.True(counted == overflow[i] || counted == byte.MaxValue, $"{where}: bucket {i} counts {counted}, {overflow[i]} expected");
        }
    }

    private byte* NewRecord(int id)
    {
        KeyProbe.Create(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in id)), out KeyProbe key);
        byte* record = Allocator.AllocateMovable(RecordBytes);
        Record.Write(record, ValueKind.String, key, 0, default, parity: false);
        return record;
    }

    private static int IdOf(byte* record)
    {
        Record.Measure(record, Record.HeaderOf(record), out byte* key, out _, out _);
        return *(int*)key;
    }

    private readonly struct HasId(int id) : IRecordFilter
    {
        public bool Accepts(byte* record) => IdOf(record) == id;
    }

    private readonly struct Collects(List<int> found) : IRecordVisitor
    {
        public void Visit(byte* record) => found.Add(IdOf(record));
    }
}

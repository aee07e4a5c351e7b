using System.IO.Hashing;
using System.Text;

namespace ElastiCache.Embedded.Tests.Persistence;

// What a SimulatedDisk holds: files and directories, of which each knows what is durable and what has changed since.

/// <summary>A change of a file. No bytes: it is cut at the offset.</summary>
internal sealed record DiskChange(long Offset, byte[]? Bytes);

/// <summary>Bytes that grow and shrink; a gap reads as zeros.</summary>
internal sealed class DiskContent
{
    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public byte[] ToArray() => Span.ToArray();

    public DiskContent Copy() => new() { _bytes = ToArray(), Length = Length };

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        SetLength(Math.Max(Length, offset + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan((int)offset));
    }

    public void SetLength(long length)
    {
        if (length > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Max(length, 2L * _bytes.Length));
        }

        if (length < Length)
        {
            _bytes.AsSpan((int)length, Length - (int)length).Clear();
        }

        Length = (int)length;
    }

    public void Apply(DiskChange change)
    {
        if (change.Bytes is null)
        {
            SetLength(change.Offset);
        }
        else
        {
            Write(change.Offset, change.Bytes);
        }
    }
}

/// <summary>A file, whatever its names.</summary>
internal sealed class DiskFile
{
    private const int SectorBytes = 512;

    private readonly List<DiskChange> _pending = [];
    private readonly List<DiskChange> _doomed = [];

    public DiskContent Bytes { get; private set; } = new();

    public DiskContent Durable { get; private init; } = new();

    public void Change(DiskChange change)
    {
        Bytes.Apply(change);
        _pending.Add(change);
    }

    public void Sync()
    {
        _pending.ForEach(Durable.Apply);
        _pending.Clear();
    }

    /// <summary>A sync has failed: what was to be written may be lost, and no later sync will write it.</summary>
    public void Doom()
    {
        _doomed.AddRange(_pending);
        _pending.Clear();
    }

    /// <summary>The file as a crash will find it. What readers see now is not copied.</summary>
    public DiskFile CopyForCrash()
    {
        var copy = new DiskFile { Durable = Durable.Copy() };
        copy._pending.AddRange(_pending);
        copy._doomed.AddRange(_doomed);
        return copy;
    }

    public void Crash(Random random, double kept)
    {
        foreach (DiskChange change in _doomed.Concat(_pending))
        {
            if (change.Bytes is null)
            {
                if (random.NextDouble() < kept)
                {
                    Durable.Apply(change);
                }

                continue;
            }

            for (long at = change.Offset; at < change.Offset + change.Bytes.Length;)
            {
                long end = Math.Min(change.Offset + change.Bytes.Length, ((at / SectorBytes) + 1) * SectorBytes);
                if (random.NextDouble() < kept)
                {
                    Durable.Write(at, change.Bytes.AsSpan((int)(at - change.Offset), (int)(end - at)));
                }

                at = end;
            }
        }

        _doomed.Clear();
        _pending.Clear();
        Bytes = Durable.Copy();
    }
}

/// <summary>Names, and the files that they stand for.</summary>
internal sealed class DiskDirectory
{
    private readonly List<(string Name, DiskFile? File)[]> _pending = [];

    public bool IsDurable { get; set; }

    public Dictionary<string, DiskFile> Current { get; private set; } = [];

    public Dictionary<string, DiskFile> Durable { get; private init; } = [];

    public void Change(params (string Name, DiskFile? File)[] change)
    {
        Apply(Current, change);
        _pending.Add(change);
    }

    public void Sync()
    {
        _pending.ForEach(change => Apply(Durable, change));
        _pending.Clear();
    }

    /// <summary>The directory as a crash will find it.</summary>
    public DiskDirectory CopyForCrash()
    {
        var copies = new Dictionary<DiskFile, DiskFile>();
        var copy = new DiskDirectory { IsDurable = IsDurable, Durable = Durable.ToDictionary(pair => pair.Key, pair => Copied(pair.Value)!) };
        copy._pending.AddRange(_pending.Select(change => Array.ConvertAll(change, pair => (pair.Name, Copied(pair.File)))));
        return copy;

        DiskFile? Copied(DiskFile? file)
        {
            if (file is not null && !copies.ContainsKey(file))
            {
                copies.Add(file, file.CopyForCrash());
            }

            return file is null ? null : copies[file];
        }
    }

    public void Crash(Random random, double kept)
    {
        foreach ((string Name, DiskFile? File)[] change in _pending.Where(_ => random.NextDouble() < kept))
        {
            Apply(Durable, change);
        }

        _pending.Clear();
        Current = new Dictionary<string, DiskFile>(Durable);
        foreach (DiskFile file in Current.Values.Distinct())
        {
            file.Crash(random, kept);
        }
    }

    /// <summary>Adds all names and what they stand for, as readers see it.</summary>
    public void AddTo(XxHash3 hash)
    {
        foreach ((string name, DiskFile file) in Current.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes($"{name}:{file.Bytes.Length}:"));
            hash.Append(file.Bytes.Span);
        }
    }

    private static void Apply(Dictionary<string, DiskFile> names, (string Name, DiskFile? File)[] change)
    {
        foreach ((string name, DiskFile? file) in change)
        {
            if (file is null)
            {
                names.Remove(name);
            }
            else
            {
                names[name] = file;
            }
        }
    }
}

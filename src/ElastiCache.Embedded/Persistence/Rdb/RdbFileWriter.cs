using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>Writes an RDB file of version 10, which Redis 7.0 and later and Valkey load, from its first byte to its checksum.</summary>
internal sealed class RdbFileWriter
{
    private const int Version = 10;
    private const int BufferBytes = 1 << 20;

    private readonly IStorageFile _file;
    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private ulong _checksum;
    private long _offset;

    /// <param name="file">An empty file.</param>
    /// <param name="nowUnixMs">The moment that it shows.</param>
    /// <param name="isLogBase">Whether it is the base of a log.</param>
    public RdbFileWriter(IStorageFile file, long nowUnixMs, bool isLogBase = false)
    {
        _file = file;
        _buffer.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"REDIS{Version:D4}")));
        Fact("redis-ver", "7.0.15");
        Fact("redis-bits", "64");
        Fact("ctime", (nowUnixMs / 1000).ToString(CultureInfo.InvariantCulture));
        Fact("aof-base", isLogBase ? "1" : "0");
    }

    /// <summary>Bytes so far.</summary>
    public long Length => _offset + _buffer.WrittenCount;

    /// <summary>Writes entries that were encoded elsewhere.</summary>
    public void Write(ReadOnlySpan<byte> entries)
    {
        _buffer.Write(entries);
        if (_buffer.WrittenCount >= BufferBytes)
        {
            Flush();
        }
    }

    /// <summary>Writes the end, and returns when everything is on disk.</summary>
    public void Finish()
    {
        _buffer.Write([RdbOpcode.End]);
        Flush();
        Span<byte> checksum = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(checksum, _checksum);
        _file.Write(_offset, checksum);
        _offset += checksum.Length;
        _file.Sync();
    }

    private void Fact(string name, string value)
    {
        var writer = new RdbWriter(_buffer, compresses: false);
        writer.Byte(RdbOpcode.Fact);
        writer.String(Encoding.ASCII.GetBytes(name));
        writer.String(Encoding.ASCII.GetBytes(value));
    }

    private void Flush()
    {
        _checksum = Crc64.Append(_checksum, _buffer.WrittenSpan);
        _file.Write(_offset, _buffer.WrittenSpan);
        _offset += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>Writes an RDB file of version 10, which Redis 7.0 and later and Valkey load, from its first byte to its checksum.</summary>
/// <remarks>
/// A file that is larger than a buffer is checksummed and written by a thread of its own, while the next buffer is filled. That thread also syncs from time to time: at the end little is left that the
/// disk has not yet, and nobody else's sync has to wait for all of it.
/// </remarks>
internal sealed class RdbFileWriter : IDisposable
{
    private const int Version = 10;
    private const int BufferBytes = 512 * 1024;
    private const long BytesASync = 8 << 20;

    private readonly IStorageFile _file;
    private readonly Relay<ArrayBufferWriter<byte>> _relay;
    private long _passed;
    private ulong _checksum;
    private long _offset;
    private long _synced;

    /// <param name="file">An empty file.</param>
    /// <param name="nowUnixMs">The moment that it shows.</param>
    /// <param name="isLogBase">Whether it is the base of a log.</param>
    public RdbFileWriter(IStorageFile file, long nowUnixMs, bool isLogBase = false)
    {
        _file = file;
        _relay = new Relay<ArrayBufferWriter<byte>>("ElastiCache.Embedded snapshot", () => new ArrayBufferWriter<byte>(), Flush);
        Output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"REDIS{Version:D4}")));
        Fact("redis-ver", "7.0.15");
        Fact("redis-bits", "64");
        Fact("ctime", (nowUnixMs / 1000).ToString(CultureInfo.InvariantCulture));
        Fact("aof-base", isLogBase ? "1" : "0");
    }

    /// <summary>Bytes so far.</summary>
    public long Length => _passed + _relay.Current.WrittenCount;

    /// <summary>Where entries are encoded to, until the next call of <see cref="PassIfFull"/>.</summary>
    public ArrayBufferWriter<byte> Output => _relay.Current;

    /// <summary>Hands over what was written once it is enough; to be called every now and then.</summary>
    /// <exception cref="IOException">Something before could not be written.</exception>
    public void PassIfFull()
    {
        if (Output.WrittenCount >= BufferBytes)
        {
            _passed += Output.WrittenCount;
            _relay.Pass();
        }
    }

    /// <summary>Writes entries that were encoded elsewhere.</summary>
    public void Write(ReadOnlySpan<byte> entries)
    {
        Output.Write(entries);
        PassIfFull();
    }

    /// <summary>Writes the end, and returns when everything is on disk.</summary>
    public void Finish()
    {
        Output.Write([RdbOpcode.End]);
        _passed += Output.WrittenCount + sizeof(ulong);
        _relay.Finish();
        Span<byte> checksum = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(checksum, _checksum);
        _file.Write(_offset, checksum);
        _file.Sync();
        Dispose();
    }

    /// <summary>Returns when nobody writes to the file any more. What was not finished is lost.</summary>
    public void Dispose() => _relay.Dispose();

    private void Fact(string name, string value)
    {
        var writer = new RdbWriter(Output, compresses: false);
        writer.Byte(RdbOpcode.Fact);
        writer.String(Encoding.ASCII.GetBytes(name));
        writer.String(Encoding.ASCII.GetBytes(value));
    }

    private void Flush(ArrayBufferWriter<byte> buffer)
    {
        _checksum = Crc64.Append(_checksum, buffer.WrittenSpan);
        _file.Write(_offset, buffer.WrittenSpan);
        _offset += buffer.WrittenCount;
        buffer.ResetWrittenCount();
        if (_offset - _synced >= BytesASync)
        {
            _file.Sync();
            _synced = _offset;
        }
    }
}

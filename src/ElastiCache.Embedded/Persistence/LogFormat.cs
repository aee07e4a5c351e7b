using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Unicode;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The one place that knows the lines which make a Redis append-only file checkable.</summary>
/// <remarks>
/// An append-only file of Redis 7 is a sequence of RESP commands in which a line that begins with '#' is a comment
/// (redis-server and redis-check-aof 7.0.15 skip any, of up to 1,024 bytes, wherever a command may begin). We put each commit's
/// commands between two such lines. Every line ends with CRLF; numbers are lower-case hexadecimal without leading zeros, hashes
/// 16 digits.
/// <code>
///   #EC:log v=1 salt=9f4c…(32) after=0000000000000000 check=6b2d…(16)     header, 97 bytes, synced before the manifest names the file
///   #EC:batch 54                                                          a batch of 0x54 = 84 bytes begins
///   #TS:1767225600                                                        Unix seconds, where the second has changed    ┐
///   *2 $6 SELECT $1 0                                                     where the database changes, first in a file   │ body
///   *3 $3 SET $1 k $1 v                                                   commands (here without their CRLFs)           ┘
///   #EC:commit 54 61 61 e81f0b6c0ffee123 1d2c3b4a59687766                 the batch ends
/// </code>
/// The fields of a commit line:
/// <code>
///   54                 bytes of the body, again
///   61                 offset of the batch in the file
///   61                 the durable watermark: everything before this offset of the file was on disk when the line was made
///   e81f0b6c0ffee123   XxHash3 of the body, seeded with the salt
///   1d2c3b4a59687766   XxHash3 of the salt and the four fields before
/// </code>
/// <para><b>Salt and offset.</b> The salt is 128 random bits a file. A batch that was moved, doubled, swapped or spliced in from
/// another file, an older one of the same name included, does not check. A value that holds a whole forged batch does not either, as
/// its author doesn't know the salt.</para>
/// <para><b>Why a second hash for a line of its own.</b> The watermark is what tells a torn end from damage: bytes that were proven
/// durable don't tear. To use it, a commit line must be believed even though the batch before it, or its own body, is damaged, or
/// somebody's editor has added or removed bytes and every line is in the wrong place (that is why the offset is written out).</para>
/// <para><b>Why the length stands in front.</b> A batch is checked before any of it is read as commands, and what redis-server
/// appends when it is started on our folder (plain commands, no '#EC:batch' before them) can be told from a torn batch of ours.</para>
/// <para><b>after</b> is the length of the increment before this one, so that cutting a file that is not the last is seen too.
/// <b>check</b> is XxHash3 of the header line up to it. It stays the last field in any later version, so that a damaged header and
/// a newer one can be told apart.</para>
/// <para>The hash is not a signature: it finds what disks and accidents do, not what a person does who can read the salt.</para>
/// </remarks>
internal static class LogFormat
{
    public const int Version = 1;
    public const int SaltBytes = 16;

    /// <summary>Length of a header line of this version.</summary>
    public const int HeaderBytes = 97;

    /// <summary>No line of ours is longer, whatever its numbers.</summary>
    public const int LongestLineBytes = 128;

    private const int HashDigits = 16;

    public static ReadOnlySpan<byte> HeaderStart => "#EC:log "u8;

    public static ReadOnlySpan<byte> BatchStart => "#EC:batch "u8;

    public static ReadOnlySpan<byte> CommitStart => "#EC:commit "u8;

    public static ReadOnlySpan<byte> TimestampStart => "#TS:"u8;

    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(SaltBytes);

    /// <summary>Begins the hash of a batch's body.</summary>
    public static XxHash3 BodyHash(ReadOnlySpan<byte> salt) => new(BodySeed(salt));

    public static ulong HashBody(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> body) => XxHash3.HashToUInt64(body, BodySeed(salt));

    public static int WriteHeader(Span<byte> line, ReadOnlySpan<byte> salt, long after)
    {
        Write(line, $"#EC:log v={Version} salt={Convert.ToHexStringLower(salt)} after={after:x16} check=", out int length);
        Write(line[length..], $"{XxHash3.HashToUInt64(line[..length]):x16}\r\n", out int end);
        return length + end;
    }

    public static int WriteBatch(Span<byte> line, long bodyBytes)
    {
        Write(line, $"#EC:batch {bodyBytes:x}\r\n", out int length);
        return length;
    }

    public static int WriteCommit(Span<byte> line, ReadOnlySpan<byte> salt, in Commit commit)
    {
        ulong check = HashCommit(salt, commit);
        Write(line, $"#EC:commit {commit.BodyBytes:x} {commit.Offset:x} {commit.DurableOffset:x} {commit.BodyHash:x16} {check:x16}\r\n", out int length);
        return length;
    }

    public static byte[] Timestamp(long unixSeconds) => Bytes($"#TS:{unixSeconds}\r\n");

    public static byte[] Select(int database)
    {
        string number = database.ToString(CultureInfo.InvariantCulture);
        return Bytes($"*2\r\n$6\r\nSELECT\r\n${number.Length}\r\n{number}\r\n");
    }

    /// <summary>Reads the header at the start of <paramref name="file"/>. A version other than ours has no further fields.</summary>
    /// <returns>False when it is damaged.</returns>
    public static bool TryReadHeader(ReadOnlySpan<byte> file, out int version, out byte[] salt, out long after)
    {
        (version, salt, after) = (0, [], 0);
        int length = file.IndexOf("\r\n"u8);
        int checkedBytes = length - HashDigits;
        if (!file.StartsWith(HeaderStart) || checkedBytes < 0 || !file[..checkedBytes].EndsWith(" check="u8) ||
            !TryReadHex(file[checkedBytes..length], out ulong check) || check != XxHash3.HashToUInt64(file[..checkedBytes]))
        {
            return false;
        }

        ReadOnlySpan<byte> number = file[(HeaderStart.Length + 2)..];
        if (!file[HeaderStart.Length..].StartsWith("v="u8) || !Utf8Parser.TryParse(number, out version, out _))
        {
            return false;
        }

        return version != Version || TryReadFieldsOfVersion1(file, out salt, out after);
    }

    /// <summary>Reads <c>#EC:batch n</c>. Only the form that we write is taken.</summary>
    public static bool TryReadBatch(ReadOnlySpan<byte> bytes, out long bodyBytes, out int lineBytes)
    {
        Span<byte> canonical = stackalloc byte[LongestLineBytes];
        (bodyBytes, lineBytes) = (0, 0);
        if (!bytes.StartsWith(BatchStart) || !TryReadNumber(bytes[BatchStart.Length..], out bodyBytes, out _))
        {
            return false;
        }

        lineBytes = WriteBatch(canonical, bodyBytes);
        return bytes.StartsWith(canonical[..lineBytes]);
    }

    /// <summary>Reads the commit line at the start of <paramref name="bytes"/>.</summary>
    /// <returns>False unless it is one that was written into this file, though perhaps at another place.</returns>
    public static bool TryReadCommit(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> salt, out Commit commit, out int lineBytes)
    {
        Span<byte> canonical = stackalloc byte[LongestLineBytes];
        commit = default;
        lineBytes = 0;
        if (!bytes.StartsWith(CommitStart))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = bytes[CommitStart.Length..];
        if (!TryReadNumber(rest, out long bodyBytes, out int used) || rest.Length <= used ||
            !TryReadNumber(rest = rest[(used + 1)..], out long offset, out used) || rest.Length <= used ||
            !TryReadNumber(rest = rest[(used + 1)..], out long durable, out used) || rest.Length <= used + HashDigits ||
            !TryReadHex(rest.Slice(used + 1, HashDigits), out ulong bodyHash))
        {
            return false;
        }

        // Writing the line again and comparing checks the hash, the separators and the form of each number in one go.
        commit = new Commit(bodyBytes, offset, durable, bodyHash);
        lineBytes = WriteCommit(canonical, salt, commit);
        return bytes.StartsWith(canonical[..lineBytes]);
    }

    /// <summary>Reads <c>#TS:n</c>; false for any other line.</summary>
    public static bool TryReadTimestamp(ReadOnlySpan<byte> line, out long unixSeconds)
    {
        unixSeconds = 0;
        return line.StartsWith(TimestampStart) && Utf8Parser.TryParse(line[TimestampStart.Length..], out unixSeconds, out _);
    }

    private static bool TryReadFieldsOfVersion1(ReadOnlySpan<byte> file, out byte[] salt, out long after)
    {
        const int SaltStart = 17;
        const int AfterStart = 56;
        Span<byte> canonical = stackalloc byte[LongestLineBytes];
        after = 0;
        salt = new byte[SaltBytes];
        if (file.Length < HeaderBytes ||
            Convert.FromHexString(file.Slice(SaltStart, SaltBytes * 2), salt, out _, out _) != System.Buffers.OperationStatus.Done ||
            !TryReadHex(file.Slice(AfterStart, HashDigits), out ulong afterBytes))
        {
            return false;
        }

        after = (long)afterBytes;
        return file.StartsWith(canonical[..WriteHeader(canonical, salt, after)]);
    }

    private static ulong HashCommit(ReadOnlySpan<byte> salt, in Commit commit)
    {
        Span<byte> fields = stackalloc byte[SaltBytes + 32];
        salt.CopyTo(fields);
        BinaryPrimitives.WriteInt64LittleEndian(fields[16..], commit.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(fields[24..], commit.BodyBytes);
        BinaryPrimitives.WriteInt64LittleEndian(fields[32..], commit.DurableOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[40..], commit.BodyHash);
        return XxHash3.HashToUInt64(fields);
    }

    private static long BodySeed(ReadOnlySpan<byte> salt) => BinaryPrimitives.ReadInt64LittleEndian(salt);

    private static bool TryReadNumber(ReadOnlySpan<byte> text, out long number, out int used) =>
        Utf8Parser.TryParse(text[..Math.Min(text.Length, HashDigits)], out number, out used, 'x') && number >= 0;

    private static bool TryReadHex(ReadOnlySpan<byte> digits, out ulong number) =>
        Utf8Parser.TryParse(digits, out number, out int used, 'x') && used == digits.Length;

    private static void Write(Span<byte> line, [InterpolatedStringHandlerArgument(nameof(line))] ref Utf8.TryWriteInterpolatedStringHandler text, out int length)
    {
        if (!Utf8.TryWrite(line, ref text, out length))
        {
            throw new ArgumentException("The line does not fit.", nameof(line));
        }
    }

    private static byte[] Bytes(FormattableString text) => System.Text.Encoding.ASCII.GetBytes(FormattableString.Invariant(text));
}

/// <summary>What a commit line says of its batch.</summary>
/// <param name="BodyBytes">Length of the body.</param>
/// <param name="Offset">Where the batch began in the file.</param>
/// <param name="DurableOffset">Everything before this offset of the file was on disk when the line was made.</param>
/// <param name="BodyHash">Hash of the body.</param>
internal readonly record struct Commit(long BodyBytes, long Offset, long DurableOffset, ulong BodyHash);

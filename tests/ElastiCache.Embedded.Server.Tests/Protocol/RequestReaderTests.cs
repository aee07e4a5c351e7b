using System.Text;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

public class RequestReaderTests
{
    private readonly RequestReader _reader = new(new RequestLimits());

    [Theory]
    [InlineData("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "GET|k")]
    [InlineData("*1\r\n$4\r\nPING\r\n", "PING")]
    [InlineData("*3\r\n$3\r\nSET\r\n$12\r\nabcdefghijkl\r\n$0\r\n\r\n", "SET|abcdefghijkl|")]
    [InlineData("*1\r\n$4\r\nPINGxx", "PING")]
    [InlineData("PING\r\n", "PING")]
    [InlineData("PING\n", "PING")]
    [InlineData("  set  a   'b c'  \"d\\x41\\n\"\r\n", "set|a|b c|dA\n")]
    [InlineData("echo 'it\\'s'\r\n", "echo|it's")]
    [InlineData("echo \"\\\"\\q\"\r\n", "echo|\"q")]
    [InlineData("\"\"\r\n", "")]
    public void Requests_are_cut_into_arguments_wherever_the_bytes_are_split(string bytes, string expected)
    {
        for (int split = 0; split <= bytes.Length; split++)
        {
            List<string> requests = ReadAll(bytes[..split], bytes[split..]);

            Assert.Equal([expected], requests);
        }

        Assert.Equal([expected], ReadAll([.. bytes.Select(letter => letter.ToString())]));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("  \r\n")]
    [InlineData("*0\r\n")]
    [InlineData("*-1\r\n")]
    public void Requests_of_nothing_are_passed_over(string nothing)
    {
        Assert.Equal(["PING"], ReadAll(nothing + "PING\r\n"));
        Assert.Equal(["PING"], ReadAll([.. (nothing + "PING\r\n").Select(letter => letter.ToString())]));
    }

    [Theory]
    [InlineData("*2147483648\r\n", "invalid multibulk length")]
    [InlineData("*abc\r\n", "invalid multibulk length")]
    [InlineData("*01\r\n", "invalid multibulk length")]
    [InlineData("*\r\n", "invalid multibulk length")]
    [InlineData("*1\r\n#4\r\nPING\r\n", "expected '$', got '#'")]
    [InlineData("*1\r\n\r\n\r\n", "expected '$', got ' '")]
    [InlineData("*1\r\n$x\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$-1\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$04\r\nPING\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$536870913\r\n", "invalid bulk length")]
    [InlineData("PING \"abc\r\n", "unbalanced quotes in request")]
    [InlineData("PING \"a\"b\r\n", "unbalanced quotes in request")]
    public void What_is_no_request_is_refused_in_Rediss_words_wherever_the_bytes_are_split(string bytes, string error)
    {
        for (int split = 0; split <= bytes.Length; split++)
        {
            Assert.Equal($"ERR Protocol error: {error}", ErrorOf(bytes[..split], bytes[split..]));
        }
    }

    [Theory]
    [InlineData('A', "too big inline request")]
    [InlineData('*', "too big mbulk count string")]
    [InlineData('$', "too big bulk count string")]
    public void A_line_without_an_end_is_refused_at_64_KB(char kind, string error)
    {
        string start = kind switch { 'A' => "", '*' => "*", _ => "*1\r\n$" };

        Assert.Equal($"ERR Protocol error: {error}", ErrorOf(start + new string('1', (64 * 1024) + 1)));
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("*\0")]
    [InlineData("*1\r\n$\0")]
    public void A_zero_byte_hides_the_rest_of_its_line_as_in_Redis(string start)
    {
        string error = ErrorOf(start, new string('A', 40_000) + "\r\n", new string('A', 40_000) + "\r\n");

        Assert.StartsWith("ERR Protocol error: too big ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_authentication_requests_may_only_be_small()
    {
        _reader.IsUnauthenticated = true;
        Assert.Equal("ERR Protocol error: unauthenticated multibulk length", ErrorOf("*11\r\n"));

        var reader = new RequestReader(new RequestLimits()) { IsUnauthenticated = true };
        Assert.Equal("ERR Protocol error: unauthenticated bulk length", ErrorOf(reader, "*1\r\n$16385\r\n"));
        Assert.Equal(["AUTH|" + new string('x', 16384)], ReadAll(new RequestReader(new RequestLimits()) { IsUnauthenticated = true }, "*2\r\n$4\r\nAUTH\r\n$16384\r\n" + new string('x', 16384) + "\r\n"));
    }

    [Fact]
    public void An_announced_argument_costs_nothing_until_it_arrives()
    {
        Assert.Equal(RequestStatus.Incomplete, _reader.Read("*2\r\n$4\r\nECHO\r\n$500000000\r\n"u8, out int consumed));

        Assert.Equal(26, consumed);
        Assert.InRange(_reader.HeldBytes, 1, 4096);
    }

    [Fact]
    public void A_large_argument_takes_no_more_than_twice_what_has_arrived_and_is_given_back()
    {
        const int Length = 5_000_000;
        _reader.Read(Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${Length}\r\n"), out _);
        byte[] piece = new byte[10_000];

        for (int arrived = 0; arrived < Length; arrived += piece.Length)
        {
            Assert.Equal(RequestStatus.Incomplete, _reader.Read(piece, out int consumed));
            Assert.Equal(piece.Length, consumed);

            // The pool's arrays are powers of two.
            Assert.InRange(_reader.HeldBytes, arrived, (4 * (arrived + piece.Length)) + 4096);
        }

        Assert.Equal(RequestStatus.Complete, _reader.Read("\r\n"u8, out _));
        Assert.Equal(Length, _reader.Places[1].Length);
        _reader.Trim();
        Assert.InRange(_reader.HeldBytes, 0, 1024);
    }

    [Fact]
    public void A_request_that_grows_beyond_the_query_buffer_limit_ends_the_connection()
    {
        var reader = new RequestReader(new RequestLimits { RequestBytes = 1000 });
        reader.Read("*2\r\n$4\r\nECHO\r\n$2000\r\n"u8, out _);

        RequestStatus status = RequestStatus.Incomplete;
        for (int i = 0; i < 20 && status == RequestStatus.Incomplete; i++)
        {
            status = reader.Read(new byte[100], out _);
        }

        Assert.Equal(RequestStatus.TooLarge, status);
    }

    [Fact]
    public void A_request_that_arrives_whole_is_not_copied()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");

        Assert.Equal(RequestStatus.Complete, _reader.Read(bytes, out int consumed));

        Assert.Equal(bytes.Length, consumed);
        Assert.True(_reader.Bytes(bytes) == bytes.AsSpan());
    }

    [Fact]
    public void Random_requests_in_random_pieces_come_out_as_they_went_in()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int round = 0; round < 300; round++)
        {
            var sent = new List<string>();
            var bytes = new StringBuilder();
            for (int i = random.Next(1, 20); i > 0; i--)
            {
                string[] words = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => RandomWord(random))];
                sent.Add(string.Join('|', words));
                bytes.Append($"*{words.Length}\r\n");
                bytes.Append(string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n")));
                bytes.Append(random.Next(5) == 0 ? "\r\n" : "");
            }

            Assert.Equal(sent, ReadAll(new RequestReader(new RequestLimits()), Pieces(bytes.ToString(), random)));
        }
    }

    private static string RandomWord(Random random)
    {
        char[] word = new char[random.Next(6) == 0 ? random.Next(5000) : random.Next(20)];
        for (int i = 0; i < word.Length; i++)
        {
            word[i] = (char)random.Next(256);
        }

        return new string(word);
    }

    private static string[] Pieces(string bytes, Random random)
    {
        var pieces = new List<string>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - at, random.Next(3) == 0 ? 1 : random.Next(1, 3000));
            pieces.Add(bytes.Substring(at, length));
            at += length;
        }

        return [.. pieces];
    }

    private List<string> ReadAll(params string[] pieces) => ReadAll(new RequestReader(new RequestLimits()), pieces);

    private static List<string> ReadAll(RequestReader reader, params string[] pieces)
    {
        var requests = new List<string>();
        foreach (string piece in pieces)
        {
            ReadOnlySpan<byte> rest = Encoding.Latin1.GetBytes(piece);
            while (!rest.IsEmpty)
            {
                RequestStatus status = reader.Read(rest, out int consumed);
                Assert.NotEqual(RequestStatus.Invalid, status);
                if (status == RequestStatus.Complete)
                {
                    requests.Add(TextOf(reader, rest));
                }

                rest = rest[consumed..];
            }
        }

        return requests;
    }

    private static string TextOf(RequestReader reader, ReadOnlySpan<byte> input)
    {
        var words = new List<string>();
        foreach ((int start, int length) in reader.Places)
        {
            words.Add(Encoding.Latin1.GetString(reader.Bytes(input).Slice(start, length)));
        }

        return string.Join('|', words);
    }

    private static string ErrorOf(params string[] pieces) => ErrorOf(new RequestReader(new RequestLimits()), pieces);

    private string ErrorOf(string piece) => ErrorOf(_reader, piece);

    private static string ErrorOf(RequestReader reader, params string[] pieces)
    {
        foreach (string piece in pieces)
        {
            ReadOnlySpan<byte> rest = Encoding.Latin1.GetBytes(piece);
            while (!rest.IsEmpty)
            {
                RequestStatus status = reader.Read(rest, out int consumed);
                if (status == RequestStatus.Invalid)
                {
                    return reader.Error;
                }

                rest = rest[consumed..];
            }
        }

        return "";
    }
}

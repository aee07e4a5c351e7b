using System.Buffers.Text;
using System.Text;

namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>Values of some 100 bytes as applications have them: text, about half of which repeats what was there before.</summary>
internal static class Documents
{
    public static byte[] Create(int number) => Encoding.UTF8.GetBytes(
        $$"""{"id":{{number}},"name":"user {{Scrambled(number, 1)}}","mail":"{{Scrambled(number, 2)}}@example.com","token":"{{Base64Url.EncodeToString(BitConverter.GetBytes(Scrambled(number, 3)))}}"}""");

    // Any odd factor scatters the numbers; this is the golden ratio's.
    private static ulong Scrambled(int number, int salt) => ((ulong)number + (ulong)salt) * 0x9E3779B97F4A7C15;
}

using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Copies of arguments, for what outlives the request or is a command in its turn.</summary>
internal static class ArgumentCopies
{
    /// <summary>The arguments from one on, as bytes and the places in them.</summary>
    public static byte[] ToBytes(this scoped in CommandArguments arguments, int from, out (int Start, int Length)[] places)
    {
        places = new (int Start, int Length)[arguments.Count - from];
        int length = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (length, arguments[from + i].Length);
            length += places[i].Length;
        }

        byte[] bytes = new byte[length];
        for (int i = 0; i < places.Length; i++)
        {
            arguments[from + i].CopyTo(bytes.AsSpan(places[i].Start));
        }

        return bytes;
    }
}

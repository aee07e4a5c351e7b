namespace ElastiCache.Embedded.Values;

/// <summary>A small sorted set: a listpack in which members and scores take turns, in order.</summary>
/// <remarks>
/// <code>
///   member  score  member  score  …       scores as integers where they are such, otherwise as text with 17 digits
/// </code>
/// As Redis stores it, so it may go into an RDB file as it is.
/// </remarks>
internal static class PackedSortedSet
{
    /// <summary>The form, which stands before the listpack; see <see cref="Keyspace.CollectionForm"/>.</summary>
    public const byte Form = 1;

    /// <summary>The number of members.</summary>
    public static int Count(ReadOnlySpan<byte> pack) => ListPack.Count(pack) / 2;

    /// <summary>Finds a member.</summary>
    /// <returns>Its position; -1 if it isn't there.</returns>
    public static int Find(ReadOnlySpan<byte> pack, ReadOnlySpan<byte> member) => ListPack.Find(pack, ListPack.First(pack), member, skip: 1);

    /// <summary>The score of the member at a position.</summary>
    public static double ScoreAt(ReadOnlySpan<byte> pack, int position)
    {
        ListPackElement score = ListPack.Get(pack, ListPack.Next(pack, position));
        if (score.IsInteger)
        {
            return score.Integer;
        }

        return DoubleText.TryParse(score.Bytes, out double number) ? number : 0;
    }

    /// <summary>The most bytes that a member and its score add.</summary>
    public static int BytesFor(ReadOnlySpan<byte> member) => ListPack.SizeOf(member) + DoubleText.MaxTextBytes + 2;

    /// <summary>Adds a member that isn't there yet, where its score belongs. The buffer has room.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Add(Span<byte> buffer, ReadOnlySpan<byte> member, double score)
    {
        int position = ListPack.First(buffer);
        while (position >= 0 && Compare(buffer, position, score, member) < 0)
        {
            position = ListPack.Next(buffer, ListPack.Next(buffer, position));
        }

        if (position < 0)
        {
            position = ListPack.TotalBytes(buffer) - 1;
        }

        ListPack.Insert(buffer, position, member);
        int scoreAt = position + ListPack.ElementBytes(buffer, position);
        Span<byte> text = stackalloc byte[DoubleText.MaxTextBytes];

        // As in Redis, where -0 becomes the integer 0 on its way into a listpack.
        return ListPack.Insert(buffer, scoreAt, text[..DoubleText.Format(score == 0 ? 0 : score, text)]);
    }

    /// <summary>Removes the member at a position, and its score.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Remove(Span<byte> buffer, int position) => ListPack.Delete(buffer, position, 2);

    private static int Compare(ReadOnlySpan<byte> pack, int position, double score, ReadOnlySpan<byte> member)
    {
        double here = ScoreAt(pack, position);
        if (here != score)
        {
            return here < score ? -1 : 1;
        }

        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        return ListPack.Get(pack, position).AsText(scratch).SequenceCompareTo(member);
    }
}

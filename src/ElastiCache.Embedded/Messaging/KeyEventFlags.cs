using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>The letters of Redis's notify-keyspace-events, to classes and back.</summary>
/// <remarks>
/// <code>
///   K  to __keyspace@db__:key      g  DEL, EXPIRE, …   h  hashes           e  evicted       n  new keys
///   E  to __keyevent@db__:event    $  strings          z  sorted sets      t  streams       m  misses
///                                  l  lists            x  expired          d  modules       A  all of g$lshzxetd
///                                  s  sets
/// </code>
/// </remarks>
internal static class KeyEventFlags
{
    private const string ClassLetters = "g$lshzxetdn";
    private const string OtherLetters = "KEm";

    /// <summary>Reads the letters, in any order and any number.</summary>
    /// <returns>Whether all are known.</returns>
    public static bool TryParse(ReadOnlySpan<char> letters, out KeyEventClass classes)
    {
        classes = KeyEventClass.None;
        foreach (char letter in letters)
        {
            KeyEventClass one = letter == 'A' ? KeyEventClass.All : ClassOf(letter);
            if (one == KeyEventClass.None)
            {
                classes = KeyEventClass.None;
                return false;
            }

            classes |= one;
        }

        return true;
    }

    /// <summary>The letters in the order in which CONFIG GET answers with them.</summary>
    public static string Format(KeyEventClass classes)
    {
        var letters = new System.Text.StringBuilder();
        bool all = (classes & KeyEventClass.All) == KeyEventClass.All;
        letters.Append(all ? "A" : "");
        foreach (char letter in ClassLetters)
        {
            // Redis leaves n out beside A, which does not contain it.
            letters.Append(!all && classes.HasFlag(ClassOf(letter)) ? letter : "");
        }

        foreach (char letter in OtherLetters)
        {
            letters.Append(classes.HasFlag(ClassOf(letter)) ? letter : "");
        }

        return letters.ToString();
    }

    private static KeyEventClass ClassOf(char letter) => letter switch
    {
        'K' => KeyEventClass.Keyspace,
        'E' => KeyEventClass.Keyevent,
        'g' => KeyEventClass.Generic,
        '$' => KeyEventClass.String,
        'l' => KeyEventClass.List,
        's' => KeyEventClass.Set,
        'h' => KeyEventClass.Hash,
        'z' => KeyEventClass.SortedSet,
        'x' => KeyEventClass.Expired,
        'e' => KeyEventClass.Evicted,
        't' => KeyEventClass.Stream,
        'm' => KeyEventClass.KeyMiss,
        'd' => KeyEventClass.Module,
        'n' => KeyEventClass.New,
        _ => KeyEventClass.None,
    };
}

using System.Diagnostics.CodeAnalysis;

namespace ElastiCache.Embedded;

/// <summary>The usual sources of keys.</summary>
/// <remarks>
/// Text with keys has one to a line, or between semicolons: <c>id:base64</c>. The first is the current one; the others are there for old files. Lines that begin with <c>#</c> are
/// passed over. <see cref="EncryptionKey.ToSecretText"/> writes one; so does <c>echo "k1:$(openssl rand -base64 32)"</c>.
/// </remarks>
public static class KeyProvider
{
    /// <summary>Keys from a file, which is read anew whenever a key is asked for, so that a rotation needs no restart.</summary>
    /// <param name="path">The file. Nobody but its owner should be able to read it.</param>
    public static IKeyProvider FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string full = Path.GetFullPath(path);
        return new TextKeys($"file '{full}'", () => File.Exists(full) ? File.ReadAllText(full) : null);
    }

    /// <summary>Keys from an environment variable.</summary>
    /// <param name="variable">Its name.</param>
    public static IKeyProvider FromEnvironment(string variable)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(variable);
        return new TextKeys($"environment variable '{variable}'", () => Environment.GetEnvironmentVariable(variable));
    }

    /// <summary>Keys from wherever an application has them, a vault for example.</summary>
    /// <param name="current">The key for new files.</param>
    /// <param name="find">The key of an id, or null.</param>
    public static IKeyProvider FromCallback(Func<EncryptionKey> current, Func<string, EncryptionKey?> find)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(find);
        return new CallbackKeys(current, find);
    }

    private sealed class CallbackKeys(Func<EncryptionKey> current, Func<string, EncryptionKey?> find) : IKeyProvider
    {
        public EncryptionKey Current => current();

        public EncryptionKey? Find(string id) => find(id);
    }

    private sealed class TextKeys(string source, Func<string?> read) : IKeyProvider
    {
        public EncryptionKey Current => Read().First();

        public EncryptionKey? Find(string id) => Read().FirstOrDefault(key => key.Id == id);

        private List<EncryptionKey> Read()
        {
            string text = read() ?? throw new EncryptionKeyException(source, null, "it is not there");
            var keys = new List<EncryptionKey>();
            foreach (string line in text.Split(['\n', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
            {
                keys.Add(Parse(line, keys.Count + 1));
            }

            return keys.Count > 0 ? keys : throw new EncryptionKeyException(source, null, "it holds no key");
        }

        // What can't be read may be a key, and goes into no message.
        private EncryptionKey Parse(string line, int number)
        {
            int colon = line.LastIndexOf(':');
            byte[] bytes = new byte[EncryptionKey.KeyBytes + 1];
            if (colon < 1 || !Convert.TryFromBase64String(line[(colon + 1)..], bytes, out int count) || count != EncryptionKey.KeyBytes)
            {
                Refuse(number, $"it must be id:key, the key {EncryptionKey.KeyBytes} bytes in base64");
            }

            try
            {
                return new EncryptionKey(line[..colon], bytes.AsSpan(0, EncryptionKey.KeyBytes));
            }
            catch (ArgumentException e)
            {
                Refuse(number, e.Message);
                return null;
            }
        }

        [DoesNotReturn]
        private void Refuse(int number, string why) => throw new EncryptionKeyException(source, null, $"its key {number} can't be read: {why}");
    }
}

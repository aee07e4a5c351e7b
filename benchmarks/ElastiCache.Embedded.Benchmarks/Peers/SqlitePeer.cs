using ElastiCache.Embedded.Benchmarks.Data;
using Microsoft.Data.Sqlite;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>SQLite as people use it for a durable cache: one table, a write-ahead log, prepared statements.</summary>
/// <remarks><c>synchronous = OFF</c> leaves the disk out of the CPU comparison; group commit uses <c>FULL</c>.</remarks>
internal sealed class SqlitePeer : CacheUnderTest
{
    private readonly string _folder;
    private readonly string _connectionString;
    private readonly SqliteConnection _keepOpen;

    public SqlitePeer(string parentFolder, bool syncEveryCommit = false)
    {
        _folder = Directory.CreateDirectory(Path.Combine(parentFolder, "sqlite-" + Guid.NewGuid().ToString("N"))).FullName;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(_folder, "cache.db"),
            Pooling = false,
        }.ToString();
        Synchronous = syncEveryCommit ? "FULL" : "OFF";
        _keepOpen = Open();
        Execute(_keepOpen, "PRAGMA journal_mode = WAL");
        Execute(_keepOpen, "CREATE TABLE cache (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
    }

    private string Synchronous { get; }

    public override Player NewPlayer()
    {
        SqliteConnection connection = Open();
        return new Player<Session>(new Session(connection), connection);
    }

    /// <summary>Fills inside one transaction, as any bulk load would.</summary>
    public override void Fill(int entries)
    {
        using SqliteTransaction transaction = _keepOpen.BeginTransaction();
        using (var player = new Player<Session>(new Session(_keepOpen, transaction)))
        {
            foreach (OperationStream.Slice slice in OperationStream.InOrder(entries))
            {
                player.Set(slice);
            }
        }

        transaction.Commit();
    }

    protected override void Close()
    {
        _keepOpen.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        Execute(connection, $"PRAGMA synchronous = {Synchronous}; PRAGMA cache_size = -262144; PRAGMA mmap_size = 1073741824");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // the statements are constants of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private readonly struct Session : ISession
    {
        private readonly SqliteCommand _get, _set;
        private readonly SqliteParameter _getKey, _setKey, _setValue;

        public Session(SqliteConnection connection, SqliteTransaction? transaction = null)
        {
            _get = connection.CreateCommand();
            _get.Transaction = transaction;
            _get.CommandText = "SELECT value FROM cache WHERE key = $key";
            _getKey = _get.Parameters.Add("$key", SqliteType.Text);
            _set = connection.CreateCommand();
            _set.Transaction = transaction;
            _set.CommandText = "INSERT INTO cache VALUES ($key, $value) ON CONFLICT DO UPDATE SET value = excluded.value";
            _setKey = _set.Parameters.Add("$key", SqliteType.Text);
            _setValue = _set.Parameters.Add("$value", SqliteType.Blob);
        }

        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            _getKey.Value = key;
            using SqliteDataReader reader = _get.ExecuteReader();
            if (!reader.Read())
            {
                length = 0;
                return false;
            }

            byte[] value = reader.GetFieldValue<byte[]>(0);
            value.CopyTo(destination);
            length = value.Length;
            return true;
        }

        public void Set(string key, ReadOnlySpan<byte> value)
        {
            _setKey.Value = key;
            _setValue.Value = value.ToArray();
            _set.ExecuteNonQuery();
        }
    }
}

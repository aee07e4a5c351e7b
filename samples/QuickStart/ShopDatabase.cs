using Microsoft.Data.Sqlite;

namespace QuickStart;

/// <summary>The database behind the cache: one table of products in SQLite, looked up by number.</summary>
internal sealed class ShopDatabase : IDisposable
{
    /// <summary>The longest row.</summary>
    public const int LongestRowBytes = 512;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _select;
    private readonly SqliteParameter _id;

    private ShopDatabase(SqliteConnection connection)
    {
        _connection = connection;
        _select = connection.CreateCommand();
        _select.CommandText = "SELECT data FROM products WHERE id = $id";
        _id = _select.Parameters.Add("$id", SqliteType.Integer);
        _select.Prepare();
    }

    /// <summary>Opens the database, and fills it if it is new.</summary>
    public static ShopDatabase Open(string file, int products)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        Execute(connection, "PRAGMA journal_mode = WAL");
        Execute(connection, "CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, data BLOB NOT NULL)");
        if (Execute(connection, "SELECT COUNT(*) FROM products") < products)
        {
            Fill(connection, products);
        }

        return new ShopDatabase(connection);
    }

    /// <summary>The row of a product, as the shop's object-relational mapper would fetch it.</summary>
    public byte[] Find(int product)
    {
        _id.Value = product;
        return (byte[])_select.ExecuteScalar()!;
    }

    /// <summary>What a product's row holds: 64 to 512 bytes that follow from its number, so that anybody can check them.</summary>
    public static byte[] RowOf(int product)
    {
        var random = new Random(product);
        byte[] row = new byte[random.Next(64, LongestRowBytes + 1)];
        random.NextBytes(row);
        return row;
    }

    public void Dispose()
    {
        _select.Dispose();
        _connection.Dispose();
    }

    private static void Fill(SqliteConnection connection, int products)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT OR REPLACE INTO products (id, data) VALUES ($id, $data)";
        SqliteParameter id = insert.Parameters.Add("$id", SqliteType.Integer);
        SqliteParameter data = insert.Parameters.Add("$data", SqliteType.Blob);
        for (int i = 0; i < products; i++)
        {
            id.Value = i;
            data.Value = RowOf(i);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static long Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long number ? number : 0;
    }
}

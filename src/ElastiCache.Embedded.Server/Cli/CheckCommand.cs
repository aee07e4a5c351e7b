using System.Globalization;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary><c>check</c>: whether a folder or an RDB file is well; <c>--fix</c> gives a damaged log up from the damage on.</summary>
internal static class CheckCommand
{
    public static async Task<int> RunAsync(string path, bool fixes, bool showsProgress)
    {
        using ProgressBar? progress = Terminal.Progress(showsProgress);
        if (File.Exists(path))
        {
            await using EmbeddedCache cache = await StoredData.LoadAsync(path, progress).ConfigureAwait(false);
            progress?.Dispose();
            Terminal.Write($"'{path}' is well");
            return 0;
        }

        IStorage storage = StoredData.ReadStorage(path, progress);
        List<CheckedFile> files = LogCheck.Run(storage);
        progress?.Dispose();
        foreach (CheckedFile file in files)
        {
            Terminal.Write(string.Create(
                CultureInfo.InvariantCulture, $"{file.Name,-32} {file.Bytes,16:N0} bytes {file.Entries,12:N0} keys {file.Commands,12:N0} commands   {StateOf(file)}"));
        }

        if (files.Find(file => file.Damage != null) is not { } damaged)
        {
            return 0;
        }

        Terminal.WriteError(damaged.Damage!.Message);
        return fixes ? Fix(storage, damaged) : 1;
    }

    private static int Fix(IStorage storage, CheckedFile damaged)
    {
        if (damaged.Damage is not LogDamagedException)
        {
            Terminal.WriteError("That is no damage, and cutting it would lose what another version can read. Nothing was changed.");
            return 1;
        }

        try
        {
            List<string> dropped = LogRepair.CutAt(storage, damaged);
            Terminal.Write(string.Create(
                CultureInfo.InvariantCulture, $"Cut '{damaged.Name}' at byte {damaged.GoodBytes:N0}. What was given up is in {string.Join(", ", dropped.Select(name => $"'{name}'"))}."));
            return 0;
        }
        catch (InvalidOperationException e)
        {
            Terminal.WriteError(e.Message);
            return 1;
        }
    }

    private static string StateOf(CheckedFile file) => file switch
    {
        { Damage: not null } => string.Create(CultureInfo.InvariantCulture, $"damaged at byte {file.GoodBytes:N0}"),
        { IsTorn: true } => string.Create(CultureInfo.InvariantCulture, $"torn end of {file.Bytes - file.GoodBytes:N0} bytes, which the next start cuts"),
        _ => "well",
    };
}

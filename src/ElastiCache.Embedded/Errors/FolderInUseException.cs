namespace ElastiCache.Embedded;

/// <summary>Another cache, in this process or another one, has the folder open. Nothing was changed.</summary>
/// <remarks>One cache owns a folder: two that append to one log would destroy it. The claim ends with the process that holds it.</remarks>
public sealed class FolderInUseException : LogException
{
    internal FolderInUseException(string path, int? processId)
        : base(path, $"Cache folder '{path}' is in use by {Owner(processId)}. Close that cache first, or open another folder.")
    {
        ProcessId = processId;
    }

    /// <summary>The process that has the folder open; null when it did not leave its number.</summary>
    public int? ProcessId { get; }

    private static string Owner(int? processId) =>
        processId is null ? "another process" :
        processId == Environment.ProcessId ? $"another cache in this process ({processId})" :
        $"process {processId}";
}

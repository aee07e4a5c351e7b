namespace ElastiCache.Embedded.Operations;

/// <summary>The fields or members that an operation names, as bytes. They are asked for more than once.</summary>
internal interface INameList
{
    int Count { get; }

    ReadOnlySpan<byte> Name(int index);
}

/// <summary>Fields with the value that each shall have.</summary>
internal interface IFieldValueList : INameList
{
    ReadOnlySpan<byte> Value(int index);
}

/// <summary>One field or member.</summary>
internal readonly ref struct OneName(ReadOnlySpan<byte> name) : INameList
{
    private readonly ReadOnlySpan<byte> _name = name;

    public int Count => 1;

    public ReadOnlySpan<byte> Name(int index) => _name;
}

/// <summary>One field and its value.</summary>
internal readonly ref struct OneFieldValue(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value) : IFieldValueList
{
    private readonly ReadOnlySpan<byte> _field = field;
    private readonly ReadOnlySpan<byte> _value = value;

    public int Count => 1;

    public ReadOnlySpan<byte> Name(int index) => _field;

    public ReadOnlySpan<byte> Value(int index) => _value;
}

/// <summary>Takes names with a value, or with an empty one where there are no values. The shard is locked: copy them and return.</summary>
internal interface IFieldSink
{
    void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value);
}

/// <summary>Takes the values of fields in the order in which they were asked for. The shard is locked: copy them and return.</summary>
internal interface IFieldValueSink
{
    void Take(scoped ReadOnlySpan<byte> value);

    /// <summary>There is no such field.</summary>
    void Miss();
}

/// <summary>Takes what became of each field, in the order in which they were named.</summary>
internal interface IFieldResultSink<in TResult>
{
    void Take(TResult result);
}

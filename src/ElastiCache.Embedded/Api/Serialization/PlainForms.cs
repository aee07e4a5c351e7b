namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>The types that have a plain form. Asked once a type, when <see cref="PlainForm{T}.Instance"/> is filled.</summary>
internal static class PlainForms
{
    private static readonly Dictionary<Type, object> Known = new()
    {
        [typeof(string)] = new StringForm(),
        [typeof(byte[])] = new ByteArrayForm(),
        [typeof(ReadOnlyMemory<byte>)] = new ReadOnlyMemoryForm(),
        [typeof(Memory<byte>)] = new MemoryForm(),
        [typeof(sbyte)] = new IntegerForm<sbyte>(),
        [typeof(byte)] = new IntegerForm<byte>(),
        [typeof(short)] = new IntegerForm<short>(),
        [typeof(ushort)] = new IntegerForm<ushort>(),
        [typeof(int)] = new IntegerForm<int>(),
        [typeof(uint)] = new IntegerForm<uint>(),
        [typeof(long)] = new IntegerForm<long>(),
        [typeof(ulong)] = new IntegerForm<ulong>(),
        [typeof(nint)] = new IntegerForm<nint>(),
        [typeof(nuint)] = new IntegerForm<nuint>(),
        [typeof(Int128)] = new IntegerForm<Int128>(),
        [typeof(UInt128)] = new IntegerForm<UInt128>(),
        [typeof(double)] = new FloatForm<double>(),
        [typeof(float)] = new FloatForm<float>(),
        [typeof(Half)] = new FloatForm<Half>(),
        [typeof(decimal)] = new DecimalForm(),
        [typeof(bool)] = new BooleanForm(),
        [typeof(Guid)] = new GuidForm(),
        [typeof(DateTime)] = new DateTimeForm(),
        [typeof(DateTimeOffset)] = new DateTimeOffsetForm(),
        [typeof(DateOnly)] = new DateOnlyForm(),
        [typeof(TimeOnly)] = new TimeOnlyForm(),
        [typeof(TimeSpan)] = new TimeSpanForm(),
    };

    /// <summary>A <see cref="PlainForm{T}"/> for <paramref name="type"/>, or <see langword="null"/>.</summary>
    public static object? Find(Type type)
    {
        if (Known.TryGetValue(type, out object? form))
        {
            return form;
        }

        if (type.IsEnum)
        {
            return Activator.CreateInstance(typeof(EnumForm<>).MakeGenericType(type));
        }

        return Nullable.GetUnderlyingType(type) is { } underlying && Find(underlying) is { } inner
            ? Activator.CreateInstance(typeof(NullableForm<>).MakeGenericType(underlying), inner)
            : null;
    }
}

/// <summary>A nullable type has its underlying type's form; null has none.</summary>
internal sealed class NullableForm<T>(PlainForm<T> inner) : PlainForm<T?>
    where T : struct
{
    public override string Expected => inner.Expected;

    public override int SizeHint(T? value) => inner.SizeHint(value.GetValueOrDefault());

    public override bool TryWrite(T? value, Span<byte> destination, out int written) =>
        inner.TryWrite(value!.Value, destination, out written);

    public override bool TryRead(ReadOnlySpan<byte> text, out T? value)
    {
        bool isRead = inner.TryRead(text, out T read);
        value = read;
        return isRead;
    }
}

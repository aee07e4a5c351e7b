namespace ElastiCache.Embedded;

/// <summary>Values that are created when they are missing.</summary>
/// <remarks>
/// However many callers miss a key at the same time, one factory runs, and all of them get its outcome, an exception too; the next caller
/// after a failure tries again. Callers share a run if they ask for the same <c>T</c> under the same key of the same database. The value
/// is stored, with the promise of the durability mode, before anyone gets it. A factory may use the cache, but not ask
/// for its own key: that is an <see cref="InvalidOperationException"/>. Null is returned and not stored.
/// </remarks>
public static class StringFactoryExtensions
{
    /// <summary>Returns the value at the key, or creates and stores it. A hit completes at once and costs what <see cref="Strings.TryGet{T}(CacheKey, out T)"/> costs.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="factory">
    /// Creates the value. Its token is cancelled when the last caller that waits for it has given up. It begins on the thread of the first caller.
    /// </param>
    /// <param name="expiry">The life of a created value, more than zero; <see langword="null"/> for no end.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the factory goes on while others wait.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    /// <exception cref="FormatException">The value at the key is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">The caller is the factory of this key.</exception>
    public static ValueTask<T> GetOrCreateAsync<T>(
        this Strings strings, CacheKey key, Func<CancellationToken, ValueTask<T>> factory, TimeSpan? expiry = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return strings.GetOrCreateAsync(key, factory, static (create, token) => create(token), new SetOptions { Expiry = expiry }, cancellationToken);
    }

    /// <param name="options">How a created value is stored. With a condition that fails the value is returned and not stored.</param>
    /// <inheritdoc cref="GetOrCreateAsync{T}(Strings, CacheKey, Func{CancellationToken, ValueTask{T}}, TimeSpan?, CancellationToken)"/>
#pragma warning disable CS1573 // the other parameters' documentation is inherited
    public static ValueTask<T> GetOrCreateAsync<T>(
        this Strings strings, CacheKey key, Func<CancellationToken, ValueTask<T>> factory, in SetOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return strings.GetOrCreateAsync(key, factory, static (create, token) => create(token), options, cancellationToken);
    }

    /// <param name="state">Passed to <paramref name="factory"/>, so that it needs no closure and a hit allocates nothing but the value.</param>
    /// <inheritdoc cref="GetOrCreateAsync{T}(Strings, CacheKey, Func{CancellationToken, ValueTask{T}}, in SetOptions, CancellationToken)"/>
    public static ValueTask<T> GetOrCreateAsync<TState, T>(
        this Strings strings, CacheKey key, TState state, Func<TState, CancellationToken, ValueTask<T>> factory, in SetOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (strings.TryGet(key, out T? value))
        {
            return new ValueTask<T>(value!);
        }

        // The key borrows memory of the caller, which the run outlives.
        byte[] keyBytes = key.ToArray();
        var creation = new Creation<TState, T>(strings, keyBytes, state, factory, options);
        _ = options.DeadlineUnixMs(strings.Database.Now);       // bad options are refused before the factory does its work
        return strings.Database.Cache.Factories.RunAsync(
            strings.Database.Index, keyBytes, creation, static (run, token) => run.LookAgainAndCreateAsync(token), cancellationToken);
    }
#pragma warning restore CS1573

    /// <summary>Returns the value at the key, or creates and stores it. Holds the thread while the factory, this caller's or another's, runs.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="factory">Creates the value, on the thread of the first caller.</param>
    /// <param name="expiry">The life of a created value, more than zero; <see langword="null"/> for no end.</param>
    /// <remarks>Shares runs with <c>GetOrCreateAsync</c>. Prefer that one where the factory waits for anything.</remarks>
    /// <inheritdoc cref="GetOrCreateAsync{T}(Strings, CacheKey, Func{CancellationToken, ValueTask{T}}, TimeSpan?, CancellationToken)" path="/exception"/>
    public static T GetOrCreate<T>(this Strings strings, CacheKey key, Func<T> factory, TimeSpan? expiry = null)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return strings.GetOrCreate(key, factory, new SetOptions { Expiry = expiry });
    }

    /// <param name="options">How a created value is stored. With a condition that fails the value is returned and not stored.</param>
    /// <inheritdoc cref="GetOrCreate{T}(Strings, CacheKey, Func{T}, TimeSpan?)"/>
#pragma warning disable CS1573 // the other parameters' documentation is inherited
    public static T GetOrCreate<T>(this Strings strings, CacheKey key, Func<T> factory, in SetOptions options)
#pragma warning restore CS1573
    {
        ArgumentNullException.ThrowIfNull(factory);
        ValueTask<T> outcome = strings.GetOrCreateAsync(key, factory, static (create, _) => new ValueTask<T>(create()), options);

        // The caller chose to give its thread. Nothing that it waits for needs this thread: another caller's run has its own.
#pragma warning disable RS0030 // Banned: blocking on a task
        return outcome.IsCompletedSuccessfully ? outcome.Result : outcome.AsTask().GetAwaiter().GetResult();
#pragma warning restore RS0030
    }

    private sealed class Creation<TState, T>(
        Strings strings, byte[] key, TState state, Func<TState, CancellationToken, ValueTask<T>> factory, SetOptions options)
    {
        public async ValueTask<T> LookAgainAndCreateAsync(CancellationToken token)
        {
            // Whoever missed before the run of another ended, and joined after it, finds here what that one has stored.
            if (strings.TryGet(key, out T? found))
            {
                return found!;
            }

            T created = await factory(state, token).ConfigureAwait(false);
            if (created is not null)
            {
                await strings.SetAsync(key, created, options, token).ConfigureAwait(false);
            }

            return created;
        }
    }
}

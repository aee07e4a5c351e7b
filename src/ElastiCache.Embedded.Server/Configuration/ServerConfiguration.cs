namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>The parameters' values, and who acts on them.</summary>
/// <remarks>CONFIG SET changes all of its parameters or none: values are checked first, then acted on one after another, and taken back when one can't be.</remarks>
internal sealed class ServerConfiguration
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Parameter, string> _values = ParameterTable.All.ToDictionary(parameter => parameter, parameter => parameter.Default);
    private readonly Dictionary<Parameter, Func<string, string?>> _actions = [];

    /// <summary>Redis's defaults but for <c>save</c>: a server inside a program writes no dump.rdb that nobody asked for.</summary>
    public static ServerConfiguration ForEmbedding()
    {
        var configuration = new ServerConfiguration();
        configuration.Note("save", "");
        return configuration;
    }

    /// <summary>The file that the server was started with; null if there was none.</summary>
    public string? File { get; set; }

    /// <summary>A value, by the parameter's name.</summary>
    public string this[string name]
    {
        get
        {
            Parameter parameter = Require(name);
            lock (_lock)
            {
                return _values[parameter];
            }
        }
    }

    public long Number(string name) => long.Parse(this[name], System.Globalization.CultureInfo.InvariantCulture);

    public bool IsYes(string name) => this[name] == "yes";

    /// <summary>Has something done whenever a parameter changes, and now. The action answers null, or why the value can't be had.</summary>
    public void Act(string name, Func<string, string?> action)
    {
        Parameter parameter = Require(name);
        _actions[parameter] = action;
        if (action(this[name]) is { } problem)
        {
            throw new ConfigurationException($"{name} = {this[name]}: {problem}.");
        }
    }

    /// <summary>As the other form, for what can always be done.</summary>
    public void Act(string name, Action<string> action) => Act(name, value =>
    {
        action(value);
        return null;
    });

    /// <summary>Sets a value that becomes known only later, such as the port that the system chose.</summary>
    public void Note(string name, string value)
    {
        lock (_lock)
        {
            _values[Require(name)] = value;
        }
    }

    /// <summary>Sets a parameter before the server runs, from a file, the command line or options.</summary>
    /// <exception cref="ConfigurationException">There is no such parameter, or it doesn't take the value.</exception>
    public void Load(string name, string value)
    {
        Parameter parameter = ParameterTable.Find(name) ?? throw new ConfigurationException($"'{name}' is no parameter of Redis 7.0.");
        if (parameter.Read(value, _values[parameter], out string normalized) is { } problem)
        {
            throw new ConfigurationException($"'{name}' can't be '{value}': {problem}.");
        }

        lock (_lock)
        {
            _values[parameter] = normalized;
        }
    }

    /// <summary>CONFIG SET.</summary>
    /// <returns>Null, or the error's text.</returns>
    public string? Set(IReadOnlyList<(string Name, string Value)> pairs)
    {
        lock (_lock)
        {
            var next = new List<(Parameter Parameter, string Value)>();
            foreach ((string name, string value) in pairs)
            {
                Parameter? parameter = ParameterTable.Find(name);
                if (parameter == null)
                {
                    return $"Unknown option or number of arguments for CONFIG SET - '{name}'";
                }

                string? problem = Refusal(parameter, next) ?? Check(parameter, value, next);
                if (problem != null)
                {
                    return Failure(name, problem);
                }
            }

            return Apply(next);
        }
    }

    /// <summary>The values whose names match, by the names that were asked for.</summary>
    /// <param name="matches">Whether a name matches a pattern.</param>
    /// <param name="isNamed">Whether a name was asked for as it is; only so are hidden parameters shown.</param>
    public List<(string Name, string Value)> Matching(Func<string, bool> matches, Func<string, bool> isNamed)
    {
        var found = new List<(string Name, string Value)>();
        lock (_lock)
        {
            foreach (Parameter parameter in ParameterTable.All)
            {
                if (parameter.IsHidden ? isNamed(parameter.Name) : matches(parameter.Name))
                {
                    found.Add((parameter.Name, _values[parameter]));
                }

                if (parameter.Alias is { } alias && matches(alias))
                {
                    found.Add((alias, _values[parameter]));
                }
            }
        }

        return found;
    }

    private static Parameter Require(string name) => ParameterTable.Find(name) ?? throw new ArgumentException($"There is no parameter '{name}'.", nameof(name));

    private static string Failure(string name, string problem) => $"CONFIG SET failed (possibly related to argument '{name}') - {problem}";

    private string? Refusal(Parameter parameter, List<(Parameter Parameter, string Value)> next) => parameter.Protection switch
    {
        ParameterProtection.Immutable => "can't set immutable config",
        ParameterProtection.Protected when _values[Require("enable-protected-configs")] == "no" => "can't set protected config",
        _ => next.Exists(pair => pair.Parameter == parameter) ? "duplicate parameter" : null,
    };

    private string? Check(Parameter parameter, string value, List<(Parameter Parameter, string Value)> next)
    {
        string? problem = parameter.Read(value, _values[parameter], out string normalized);
        next.Add((parameter, normalized));
        return problem;
    }

    private string? Apply(List<(Parameter Parameter, string Value)> next)
    {
        var before = next.Select(pair => (pair.Parameter, Value: _values[pair.Parameter])).ToList();
        for (int i = 0; i < next.Count; i++)
        {
            (Parameter parameter, string value) = next[i];
            _values[parameter] = value;
            if (value != before[i].Value && _actions.TryGetValue(parameter, out Func<string, string?>? action) && action(value) is { } problem)
            {
                for (int undone = i; undone >= 0; undone--)
                {
                    (Parameter changed, string old) = before[undone];
                    _values[changed] = old;
                    if (undone < i && _actions.TryGetValue(changed, out Func<string, string?>? undo))
                    {
                        undo(old);
                    }
                }

                return Failure(parameter.Name, problem);
            }
        }

        return null;
    }
}

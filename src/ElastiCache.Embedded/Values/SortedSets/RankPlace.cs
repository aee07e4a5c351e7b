namespace ElastiCache.Embedded.Values;

/// <summary>Where an element stands in a tree. Void after any change.</summary>
/// <param name="Leaf">The leaf's reference; 0 beyond either end.</param>
/// <param name="Slot">Its number in the leaf.</param>
internal readonly record struct RankPlace(uint Leaf, int Slot);

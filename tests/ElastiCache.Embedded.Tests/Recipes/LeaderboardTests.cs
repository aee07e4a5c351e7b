using ElastiCache.Embedded.Tests.Api;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class LeaderboardTests : CacheFixture
{
    private Leaderboard<string> Board => Cache.Leaderboard<string>("board");

    [Fact]
    public void Equal_scores_share_a_rank_and_the_next_one_is_further_down()
    {
        Fill(Board);

        Assert.Equal(
            [("ada", 50, 1), ("cy", 40, 2), ("bob", 40, 2), ("dot", 30, 4), ("eve", -1, 5)],
            Board.Top(10).Select(entry => (entry.Member, (int)entry.Score, (int)entry.Rank)));
        Assert.Equal([2L, 4L], Board.Page(2, 2).Select(entry => entry.Rank));
        Assert.Equal(2, Board.Find("bob")!.Rank);
        Assert.Null(Board.Find("nobody"));
        Assert.Equal(5, Board.Count());
    }

    [Fact]
    public void A_member_is_shown_among_its_neighbours()
    {
        Fill(Board);

        Assert.Equal(["cy", "bob", "dot"], Board.Around("bob", 1).Select(entry => entry.Member));
        Assert.Equal(["ada", "cy"], Board.Around("ada", 1).Select(entry => entry.Member));
        Assert.Equal(["eve"], Board.Around("eve", 0).Select(entry => entry.Member));
        Assert.Empty(Board.Around("nobody", 3));
    }

    [Fact]
    public void Where_the_lowest_is_first_a_better_score_is_a_lower_one()
    {
        Leaderboard<string> laps = Cache.Leaderboard<string>("laps", lowestFirst: true);
        laps.SubmitBest("ada", 61.2);
        laps.SubmitBest("bob", 59.8);

        Assert.True(laps.SubmitBest("ada", 58.9));
        Assert.False(laps.SubmitBest("ada", 70));

        Assert.Equal([("ada", 58.9, 1L), ("bob", 59.8, 2L)], laps.Top(2).Select(entry => (entry.Member, entry.Score, entry.Rank)));
    }

    [Fact]
    public void Points_add_up_a_score_can_be_set_and_a_member_goes()
    {
        Assert.Equal(5, Board.AddPoints("ada", 5));
        Assert.Equal(7, Board.AddPoints("ada", 2));
        Board.SetScore("ada", 1);
        Assert.Equal(1, Board.Find("ada")!.Score);
        Assert.False(Board.SubmitBest("ada", 0));
        Board.SetScore("best", double.PositiveInfinity);
        Assert.Equal(1, Board.Find("best")!.Rank);

        Assert.True(Board.Remove("ada"));
        Assert.False(Board.Remove("ada"));
        Assert.Equal(1, Board.Count());
    }

    [Fact]
    public void Arguments_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Board.Top(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Board.Page(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Board.Around("ada", -1));
        Assert.ThrowsAny<ArgumentException>(() => Board.SetScore("ada", double.NaN));
    }

    private static void Fill(Leaderboard<string> board)
    {
        foreach ((string member, double score) in ((string, double)[])[("ada", 50), ("bob", 40), ("cy", 40), ("dot", 30), ("eve", -1)])
        {
            board.SubmitBest(member, score);
        }
    }
}

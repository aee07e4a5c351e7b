Console.WriteLine("ElastiCache.Embedded");

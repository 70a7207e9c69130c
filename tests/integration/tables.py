"""Big tables, made by the server itself, and the questions that tests ask about them."""


def numbers(count):
    """A subquery with one column `n`: 0 to count - 1. Made of 100 rows, so no server's recursion limit matters."""
    assert count <= 1_000_000
    return (f"(WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 99) "
            f"SELECT a.n + 100 * b.n + 10000 * c.n AS n FROM d a, d b, d c "
            f"WHERE c.n <= {(count - 1) // 10000} AND a.n + 100 * b.n + 10000 * c.n < {count})")


def fill(database, table, expressions, count):
    """INSERT INTO table SELECT expressions over n = 0 .. count - 1, and fresh statistics."""
    database.execute(f"INSERT INTO {table} SELECT {expressions} FROM {numbers(count)} numbers")
    database.query(f"ANALYZE TABLE {table}")

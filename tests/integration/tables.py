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


# The product's page prints it so: mixed case, and blanks after the dots.
PAGE_MERGE = """
insert overwrite table dw_user_inc
select
--all columns are decided by whether b has the key
Case when B. uid is not null then B. uid else A. uid end as uid,
case when b.uid is not null then b.uname else a.uname end as uname,
case when b.uid is not null then b.deptno else a.deptno end as deptno,
case when b.uid is not null then b.gender else a.gender end as gender,
case when b.uid is not null then b.optime else a.optime end as optime
from
dw_user_inc A
full outer join ods_user_inc B
on A. uid = B. uid;
"""

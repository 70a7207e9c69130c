-- The tables of DataWorks' best practice "data increments", with the rows of its days.
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;

-- A log: rows are added, never changed.
CREATE TABLE oplog (optime DATETIME, uname VARCHAR(50), action VARCHAR(10), status VARCHAR(10));
INSERT INTO oplog VALUES
    ('2016-11-11 09:00:00', 'LiLei', 'SELECT', 'SUCCESS'),
    ('2016-11-12 10:30:00', 'HanMM', 'DESC',   'SUCCESS'),
    ('2016-11-14 08:15:00', 'LiLei', 'UPDATE', 'SUCCESS'),
    ('2016-11-14 23:59:59', 'Kate',  'SELECT', 'FAILED');

-- Master data: rows change, come and go.
CREATE TABLE user (uid BIGINT PRIMARY KEY, uname VARCHAR(50), deptno BIGINT, gender VARCHAR(1), optime DATETIME);
INSERT INTO user VALUES
    (1, 'LiLei', 100,  'M', '2016-11-13 00:00:00'),
    (2, 'HanMM', NULL, 'F', '2016-11-13 00:00:00'),
    (3, 'Jim',   102,  'M', '2016-11-12 00:00:00'),
    (4, 'Kate',  103,  'F', '2016-11-12 00:00:00'),
    (5, 'Lily',  104,  'F', '2016-11-11 00:00:00');

-- A million rows, with the types that copies usually get wrong.
CREATE TABLE events (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    shop INT UNSIGNED NOT NULL,
    amount DECIMAL(20,4) NOT NULL,
    ratio FLOAT,
    kind ENUM('view', 'click', 'buy') NOT NULL,
    flags BIT(40),
    lasted TIME(3),
    happened DATETIME(6) NOT NULL,
    stored TIMESTAMP(3) NULL,
    note VARCHAR(80)
);
SET time_zone = '+08:00';
INSERT INTO events
SELECT 18446744073709551615 - seq * 1000, seq % 5000, seq * 1.0001, seq / 7, 1 + seq % 3, seq * 1048573,
       sec_to_time(-1.5 * (seq % 1000000)), '2016-11-14' + INTERVAL seq * 86 * 1000 MICROSECOND,
       '2016-11-14' + INTERVAL seq % 86400 SECOND, if(seq % 5 = 0, NULL, concat('订单 ', seq, ' 🙂'))
FROM seq_1_to_1000000;

-- What weir needs: to read; LOCK TABLES for a brief lock where the lock-free way fails; BINLOG MONITOR to say where it read.
CREATE USER reader@localhost IDENTIFIED BY 'demo';
GRANT SELECT, LOCK TABLES ON shop.* TO reader@localhost;
GRANT BINLOG MONITOR ON *.* TO reader@localhost;

-- What happens to the master data on 2016-11-14.
USE shop;
UPDATE user SET deptno = 101,  optime = '2016-11-14 10:00:00' WHERE uid = 2;  -- null to non-null
UPDATE user SET deptno = 104,  optime = '2016-11-14 11:00:00' WHERE uid = 3;  -- non-null to non-null
UPDATE user SET deptno = NULL, optime = '2016-11-14 12:00:00' WHERE uid = 4;  -- non-null to null
DELETE FROM user WHERE uid = 5;
INSERT INTO user VALUES (6, 'Lucy', 105, 'F', '2016-11-14 13:00:00');

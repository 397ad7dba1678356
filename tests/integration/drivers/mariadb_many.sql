-- The mariadb client through a pooler: one of many that run at the same time. NUMBER and PATH are filled in.
DROP TABLE IF EXISTS of_mariadb_NUMBER;
CREATE TABLE of_mariadb_NUMBER (id INT AUTO_INCREMENT PRIMARY KEY, words TEXT, small TINYINT);
INSERT INTO of_mariadb_NUMBER (words) VALUES ('zażółć 🦆'), (NULL), ('');
SELECT *, LAST_INSERT_ID() FROM of_mariadb_NUMBER\G
UPDATE of_mariadb_NUMBER SET words = 'x' WHERE id < 3;
SELECT ROW_COUNT();
INSERT IGNORE INTO of_mariadb_NUMBER (small) VALUES (1000);
SHOW WARNINGS;
SELECT SQL_CALC_FOUND_ROWS id FROM of_mariadb_NUMBER LIMIT 1;
SELECT FOUND_ROWS();
LOAD DATA LOCAL INFILE 'PATH' INTO TABLE of_mariadb_NUMBER (words);
SELECT COUNT(*), MAX(words) FROM of_mariadb_NUMBER;
SELECT nonsense;
INSERT INTO of_mariadb_NUMBER (id) VALUES (1);
-- Before there is state that another pool's connections do not have.
USE tenant_c
SELECT DATABASE();
USE tenant_b
SELECT DATABASE(), COUNT(*) FROM of_mariadb_NUMBER;
DELIMITER //
BEGIN NOT ATOMIC SELECT NUMBER; SELECT 'two'; END//
DELIMITER ;
CALL several(NUMBER);
CALL doubled(NUMBER, @twice);
SELECT @twice;
START TRANSACTION;
DELETE FROM of_mariadb_NUMBER;
ROLLBACK;
SELECT COUNT(*) FROM of_mariadb_NUMBER;
CREATE TEMPORARY TABLE only_mine AS SELECT NUMBER AS mine;
SELECT * FROM only_mine;
DROP TEMPORARY TABLE only_mine;
PREPARE doubling FROM 'SELECT ? * 2';
SET @given = NUMBER;
EXECUTE doubling USING @given;
DEALLOCATE PREPARE doubling;
SELECT SUM(LENGTH(words)) FROM (SELECT REPEAT('x', 300) AS words FROM seq_1_to_3000) AS long_ones;
DROP TABLE of_mariadb_NUMBER;

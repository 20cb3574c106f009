"""Tables and rows, as SQL: types whose form in the binary log is a trap of its own."""

from __future__ import annotations

# Beside the zoo of the copy: more rows, and the types whose form in the log is a trap of its own.
MORE = {
    "years": (
        "id INT PRIMARY KEY, a TINYINT UNSIGNED, y YEAR, b INT UNSIGNED, c INT",
        "(1,255,0,4294967295,-1),(2,128,1901,0,-2147483648),(3,0,2155,1,1)",
    ),
    "times": (
        (
            "id INT PRIMARY KEY, a TIME, b TIME(1), c TIME(2), d TIME(4), e TIME(6), f DATETIME(3),"
            " g TIMESTAMP(5) NULL"
        ),
        (
            "(1,'-00:00:01','-00:00:00.1','-838:59:59.99','-1:00:00.0001','-00:00:00.000001',"
            "'0000-00-00 00:00:00.000','0000-00-00 00:00:00'),"
            "(2,'838:59:59','838:59:59.9','00:00:00.01','26:00:00.9999','838:59:58.999999',"
            "'9999-12-31 23:59:59.999','2038-01-19 03:14:07.99999'),"
            "(3,NULL,'0','0','0','0','2020-02-30 00:00:00','1970-01-01 00:00:01.00001')"
        ),
    ),
    "dates": ("id INT PRIMARY KEY, d DATE NOT NULL", "(1,'2020-00-00'),(2,'0000-00-00'),(3,'1000-01-01')"),
    "digits": (
        "id INT PRIMARY KEY, a DECIMAL(65,30), b DECIMAL(1,0), c DECIMAL(9,9), d DECIMAL(18,9) UNSIGNED",
        (
            "(1,-0.000000000000000000000000000001,-9,-0.999999999,999999999.000000001),"
            "(2,99999999999999999999999999999999999.999999999999999999999999999999,0,0,0),"
            "(3,NULL,9,0.000000001,100000000)"
        ),
    ),
    "members": (
        "id INT PRIMARY KEY, a ENUM('','x'), b ENUM('y','z'), c SET('p','q','r')",
        "(1,'','nothing of it','p,r'),(2,'nothing','z',''),(3,NULL,NULL,NULL)",
    ),
    "bits": (
        "id INT PRIMARY KEY, a BIT(1), b BIT(9), c BIT(64)",
        f"(1,b'1',b'100000001',b'{'1' * 64}'),(2,0,0,0)",
    ),
    "padded": (
        "id BINARY(4) PRIMARY KEY, a CHAR(5), b VARCHAR(9), c BINARY(3), d CHAR(255) CHARACTER SET utf8mb4",
        (
            "(X'00000000','a  ','b  ',X'000000',REPEAT('😀',255)),(X'61000000','','',X'20',''),"
            "(X'61200000',NULL,' ',X'',' ')"
        ),
    ),
    "addresses": (
        "id INT PRIMARY KEY, a UUID, b INET6, c INET4",
        (
            "(1,'00000000-0000-0000-0000-000000000000','::','0.0.0.0'),"
            "(2,'ffffffff-ffff-ffff-ffff-ffffffffffff','::ffff:1.2.3.4','1.2.3.0'),"
            "(3,'123e4567-e89b-12d3-a456-426614174000','::1.2.3.4','255.255.255.255'),"
            "(4,'123e4567-e89b-72d3-8456-426614174000','2001:db8:0:0:1:0:0:1',NULL),"
            "(5,'123e4567-e89b-42d3-c456-4266141740ff','fe80::',NULL)"
        ),
    ),
    "squeezed": (
        (
            "id INT PRIMARY KEY, a TEXT COMPRESSED, b VARBINARY(9000) COMPRESSED,"
            " c VARCHAR(9) CHARACTER SET utf16 COMPRESSED"
        ),
        "(1,REPEAT('é',3000),REPEAT(X'00',9000),'漢字'),(2,'',X'','x'),(3,NULL,NULL,NULL)",
    ),
    "keyed_by_text": (
        (
            "k VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_german2_ci, n INT,"
            " u CHAR(4) CHARACTER SET sjis, PRIMARY KEY (k, u)"
        ),
        "('Ärger',1,'表'),('b\\'',2,'ソ'),('',3,'')",
    ),
    "keyed_by_date": (
        "k TIMESTAMP(6) PRIMARY KEY, v TEXT",
        "('2020-03-29 01:30:00.000001','a'),('2020-10-25 01:30:00','b')",
    ),
    "keyed_by_number": (
        "k DOUBLE, f DECIMAL(20,10), e ENUM('a','b'), PRIMARY KEY (k, f, e)",
        "(0.1,0.1,'a'),(1e-300,-1,'b')",
    ),
    "no_key": (
        (
            "a FLOAT, b DOUBLE, c VARCHAR(9) COLLATE utf8mb4_general_ci, d POINT, e ENUM('x',''), f DATE,"
            " g BIT(3), h TEXT, i UUID, j DECIMAL(9,3), k TIME(3), l JSON, m YEAR,"
            " n CHAR(4) CHARACTER SET utf16"
        ),
        (
            "(0.1,-0.0,'a',ST_GeomFromText('POINT(1 2)'),'','0000-00-00',b'101',"
            "REPEAT('x',3000),"
            "UUID(),1.5,'-1:00:00.5','{}',0,'é'),"
            "(0.1,0.0,'A',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),"
            "(0.1,0.0,'a ',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)"
        ),
    ),
    "unique_key": (
        "a INT, b VARCHAR(9) NOT NULL, c INT NOT NULL, UNIQUE (b, c), UNIQUE (a)",
        "(NULL,'x',1),(NULL,'x',2),(1,'y',1)",
    ),
}  # fmt: skip

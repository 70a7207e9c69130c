"""Every character set that a server has: the lake holds what a client reads as utf8mb4.

One table has, for each character set, a VARCHAR, a TEXT, an ENUM and a SET column. What a set can hold of the sample is found out
by the server's own conversion, so the samples differ from set to set; a few constants hold that test to the ground.
"""

import pytest

from copies import copy, read, workshop

SAMPLE = ("AZaz09 !~'\"`\\%_\x7f\x01\t\r\n\0"
          "\x80\xa0¡£¥§¿ÀÄßàäéñöøüÿŒœŠšŽžŸƒ€‚„…†‡‰‹›‘’“”•–—™"
          "ĀāĂăĄąĆćČčĎďĐđĒēĖėĘęĚěĞğĢģĪīĮįİıĶķĻļŁłŃńŅņŇňŐőŔŕŘřŚśŞşŢţŤťŪūŮůŰűŲųŹźŻż"
          "ΑΒΓΔΩαβγδωάέήίόύώΆΈΉΊΌΎΏϊϋΐΰς"
          "АБВГДЯабвгдяЁёЂЃЄЅІЇЈЉЊЋЌЎЏђѓєѕіїјљњћќўџҐґ"
          "אבגדהוזחטיכלמנסעפצקרשת"
          "،؛؟ءآأؤإئابتثجحخدذرزسشصضطظعغفقكلمنهوىي"
          "กขคงจฉชซญฐดตถทธนบปผฝพฟภมยรลวศษสหอฮ฿"
          "ႠႡႢაბგდევზთიკლმნოպԱԲԳաբգ"
          "、。〈「」あいうえおアイウエオガギグパピプヽゞー〜～∥‖－−￥￦¢￠¬￢"
          "ｱｲｳｴｵﾞﾟ｡｢｣"
          "日本語表示能力十構予申貼暴圭ⅠⅡ①②㈱№℡∑∟⊿髙﨑纊鍈"
          "漢字中文简体国际汉语许功盖蓋許閱碁銹裏墻恒粧嫺"
          "한국어가각갂힣똠방펲"
          "🐟😀𠮷𝄞\U0010FFFF\uffff\ufeff\ue000")

# Sets that cannot hold text above ASCII in every column, or none of its own.
GROUND = {"latin1": "é€", "gbk": "汉许", "gb2312": "汉", "gb18030": "汉𠮷🐟", "big5": "功許蓋", "sjis": "表能十ｱ", "cp932": "表①髙",
          "eucjpms": "表①", "ujis": "表ｱ", "euckr": "한", "utf8": "日", "utf8mb3": "日", "utf8mb4": "日🐟𝄞", "ucs2": "日",
          "utf16": "日🐟", "utf16le": "日🐟", "utf32": "日🐟", "koi8r": "Я", "koi8u": "Ґ", "cp1251": "Яґ", "cp866": "Я", "latin2": "ł",
          "cp1250": "łŽ", "latin5": "ğ", "latin7": "ž", "cp1257": "ž", "greek": "Ω", "hebrew": "א", "cp1256": "ع", "tis620": "ก",
          "cp850": "ß", "cp852": "ł", "macroman": "œ", "macce": "ł", "hp8": "é", "dec8": "é", "swe7": "Ä", "armscii8": "Ա",
          "geostd8": "ა", "ascii": "a", "keybcs2": "č"}


def part_of(database, charset):
    """The characters of the sample that the set can hold."""
    each = database.query("SELECT " + ", ".join(
        f"HEX(CONVERT(CONVERT(_utf8mb4 x'{one.encode().hex()}' USING {charset}) USING utf8mb4))" for one in SAMPLE))[0]
    return "".join(one for one, back in zip(SAMPLE, each) if back and bytes.fromhex(back) == one.encode())


class Charsets:
    def __init__(self, database, project):
        database.execute("SET sql_mode = ''")
        self.names = [row[0] for row in database.query("SHOW CHARACTER SET") if row[0] != "binary"]
        self.parts = {name: part_of(database, name) for name in self.names}
        columns = []
        for name in self.names:
            words = [one for one in self.parts[name] if one.isalpha()][:40]
            # MySQL's collations take some letters for the same: members must differ for sure.
            members = ",".join(f"'{n} {one}'" for n, one in enumerate(words))
            columns += [f"v_{name} VARCHAR(150) CHARACTER SET {name}", f"t_{name} TEXT CHARACTER SET {name}",
                        f"c_{name} CHAR(3) CHARACTER SET {name}", f"e_{name} ENUM({members}) CHARACTER SET {name}",
                        f"s_{name} SET({members}) CHARACTER SET {name}"]
        database.execute(f"CREATE TABLE texts (id INT PRIMARY KEY, b VARCHAR(300) CHARACTER SET binary, {', '.join(columns)})")
        rows = {n: {"id": str(n)} for n in range(6)}
        for name, part in self.parts.items():
            last = len([one for one in part if one.isalpha()][:40])
            pieces = [part[:120], part[120:240], part[-120:], part[::-1][:120], "a\0b", ""]
            for n, piece in enumerate(pieces):
                literal = f"_utf8mb4 x'{piece.encode().hex()}'" if piece else "''"
                rows[n] |= {f"v_{name}": literal, f"t_{name}": f"REPEAT({literal}, 20)", f"c_{name}": f"LEFT({literal}, 3)",
                            f"e_{name}": str(n % last + 1), f"s_{name}": str((1 << last) - 1 - n)}
            rows[0]["b"] = f"x'{bytes(range(256)).hex()}'"
        for row in rows.values():
            database.execute(f"INSERT INTO texts ({', '.join(row)}) VALUES ({', '.join(row.values())})")
        self.database = database
        copy(project, "texts")
        self.table = read(project.table("copy"))


@pytest.fixture(scope="module")
def charsets(server, tmp_path_factory):
    with workshop(server, tmp_path_factory.mktemp("charsets")) as (database, project):
        yield Charsets(database, project)


def test_every_set_has_a_sample(charsets):
    """So that a set which holds nothing of the sample does not pass for tested."""
    assert len(charsets.names) >= 39
    for name in charsets.names:
        assert set(GROUND[name]) <= set(charsets.parts[name]), name
        assert "\0" in charsets.parts[name]


@pytest.mark.parametrize("kind", ["v", "t", "c", "e", "s"])
def test_lake_has_what_the_client_reads(charsets, kind):
    with charsets.database.connect(conv={}) as link, link.cursor() as cursor:
        for name in charsets.names:
            column = f"{kind}_{name}"
            cursor.execute(f"SELECT {column} FROM texts ORDER BY id")
            assert charsets.table.types[column] == "string"
            assert charsets.table[column] == [row[0] for row in cursor.fetchall()], name


def test_constants(charsets):
    for name, part in charsets.parts.items():
        assert charsets.table[f"v_{name}"] == [part[:120], part[120:240], part[-120:], part[::-1][:120], "a\0b", ""], name
    assert charsets.table.types["b"] == "binary"
    assert charsets.table["b"] == [bytes(range(256))] + [None] * 5


def test_sets_of_server_and_database_do_not_matter(server, tmp_path_factory):
    before = {name: server.query(f"SELECT @@global.{name}")[0][0] for name in ("character_set_server", "init_connect")}
    server.execute("SET GLOBAL character_set_server = 'latin1', GLOBAL init_connect = 'SET NAMES gbk'")
    try:
        with workshop(server, tmp_path_factory.mktemp("defaults")) as (database, project):
            database.execute("CREATE TABLE `表` (id INT PRIMARY KEY, `名` VARCHAR(10) CHARACTER SET gbk COMMENT '中文',"
                             " `é` VARCHAR(10) CHARACTER SET latin1)")
            database.execute("INSERT INTO `表` VALUES (1, '汉语', 'é')")
            copy(project, {"table": "表", "where": "`名` = '汉语' AND `é` = 'é'"})
            table = read(project.table("copy"))
            assert table.columns == {"id": [1], "名": ["汉语"], "é": ["é"]}
    finally:
        for name, value in before.items():
            server.execute(f"SET GLOBAL {name} = %s", (value,))


def test_text_that_is_not_utf8_is_dirty(database, project):
    """A column that says binary and holds GBK gives bytes; text of it, which a cast promises, does not pass unseen."""
    database.execute("CREATE TABLE raw (id INT PRIMARY KEY, b VARBINARY(20), e ENUM(x'62e4') CHARACTER SET binary)")
    database.execute("INSERT INTO raw VALUES (1, _binary x'babad3ef', NULL), (2, _binary x'61', NULL)")
    copy(project, {"table": "raw", "columns": ["id", "b", "CONVERT(b USING gbk) AS t"]})
    table = read(project.table("copy"))
    assert table["b"] == [b"\xba\xba\xd3\xef", b"a"]
    assert table["t"] == ["汉语", "a"]
    database.execute("UPDATE raw SET e = 1 WHERE id = 1")
    refused = copy(project, "raw", "strict", code=5)
    assert "\"e\"" in refused.json["error"]["message"]

"""The table of bad groups and profiles: id, text, line:column of the fault, and what the message must say about it."""

from tests.proxyconf.bad_configurations import Row

SOURCES = (
    "sources: [{name: acme, folder: wheels}, {name: pypi, index: 'https://pypi.org/simple/', public: true}]\n"
    "profiles: [{name: testing}]\n"
)
GROUP = f"{SOURCES}clients:\n  - name: ci\n    "
"""Of which the last line, the fifth, is to be written on, from column 5 on."""

USER = f"{GROUP}users:\n      - "
"""Of which the last line, the sixth, is to be written on, from column 9 on."""

TWO = f"{GROUP}users: [{{username: ci, password_file: password.txt}}]\n  - name: b\n    users: [{{"
TOKEN = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of nothing in use
HASH = "$argon2id$v=19$m=8,t=1,p=1$TCKTHwSnsJvblUk9oPqViw$UrLCTb37sPj3b3HkxIP6Yw"

CLIENTS: list[Row] = [
    ("name missing", "clients: [{networks: [10.0.0.0/8]}]", "1:11", ('clients[0]: lacks "name"',)),
    ("name", "clients: [{name: Build Farm}]", "1:18", ('clients[0].name: "Build Farm"', '"build-farm"')),
    ("name, default", "clients: [{name: default}]", "1:18", ('"default" means', "another name")),
    ("name, too long", f"profiles: [{{name: {'a' * 65}}}]", "1:19", ("at most 64",)),
    (
        "name twice",
        "clients: [{name: a, networks: [192.0.2.1]}, {name: a}]",
        "1:52",
        ("clients[1].name: ", "there twice"),
    ),
    ("profile twice", "profiles: [{name: a}, {name: a}]", "1:30", ("profiles[1].name: ", "there twice")),
    ("profile, default", "profiles: [{name: default}]", "1:19", ('"default" means',)),
    ("profile, as-of", "profiles: [{name: as-of}]", "1:19", ("built in",)),
    ("profile, an instant", "profiles: [{name: as-of-testing}]", "1:19", ("built in", "as-of-2026-01-31")),
    ("key", f"{GROUP}network: 10.0.0.0/8", "5:5", ('clients[0]: unknown key "network"', '"networks"')),
    ("key, of elsewhere", f"{GROUP}project: x", "5:5", ("belongs to merge[] or policies[]",)),
    ("group as text", "clients: [ci]", "1:11", ("clients[0]: ", '"key: value" lines')),
    ("networks as text", f"{GROUP}networks: 10.0.0.0/8", "5:15", ("networks: must be a list", "[10.0.0.0/8]")),
    ("no networks", f"{GROUP}networks: []", "5:15", ("networks: is an empty list", "narrow nothing")),
    ("no users", f"{GROUP}users: []", "5:12", ("users: is an empty list",)),
    ("no sources", f"{GROUP}sources: []", "5:14", ("sources: is an empty list",)),
    ("no snapshot", f"{GROUP}snapshot:", "5:14", ("clients[0].snapshot: is empty",)),
    (
        "host bits",
        f"{GROUP}networks: [10.0.0.0/8, 10.1.2.3/16]",
        "5:28",
        ("networks[1]: ", '"10.1.0.0/16"', '"10.1.2.3"'),
    ),
    ("no network", f"{GROUP}networks: [office]", "5:16", ('"office" is no network', "10.1.0.0/16")),
    ("network, too narrow", f"{GROUP}networks: [10.0.0.0/33]", "5:16", ("no network",)),
    (
        "everybody first",
        "clients: [{name: a}, {name: b, networks: [10.0.0.0/8]}]",
        "1:11",
        ("clients[0]: ", "to the end"),
    ),
    ("no such source", f"{GROUP}sources: [acme, piypi]", "5:21", ('"piypi" is no source', "acme, pypi")),
    ("own below public", f"{GROUP}sources: [pypi, acme]", "5:21", ('"acme" is your own', '"pypi"', "to the front")),
    ("source twice", f"{GROUP}sources: [acme, acme]", "5:21", ("there twice",)),
    (
        "profile's source",
        SOURCES.replace("testing", "t, sources: [x]"),
        "2:32",
        ("profiles[0].sources[0]: ",),
    ),
    ("no such profile", f"{GROUP}profiles: [tseting]", "5:16", ('"tseting" is no profile', "testing, as-of")),
    ("profile chosen twice", f"{GROUP}profiles: [as-of, as-of]", "5:23", ("there twice",)),
    ("snapshot", f"{GROUP}snapshot: soon", "5:15", ('clients[0].snapshot: "soon" is no instant',)),
    ("user as text", f"{USER}ci", "6:9", ("clients[0].users[0]: ", '"key: value" lines')),
    ("nothing to prove it by", f"{USER}username: ci", "6:9", ("nothing to prove it by", "password_hash")),
    ("password itself", f"{USER}password: hunter2", "6:9", ("never written into this file", "password_env")),
    ("token itself", f"{USER}token: hunter2", "6:9", ("never written into this file", "token_sha256")),
    (
        "two ways",
        f"{USER}{{username: a, password_env: HOME, password_hash: '{HASH}'}}",
        "6:58",
        ("beside password_env",),
    ),
    ("nobody's password", f"{USER}password_file: password.txt", "6:24", ("needs a username",)),
    ("token with a name", f"{USER}{{username: a, token_sha256: {TOKEN}}}", "6:37", ("beside username", "take one out")),
    ("token as sha256", f"{USER}token_sha256: wg-hunter2", "6:23", ("is no sha256", "Never write the token")),
    ("token as a number", f"{USER}token_sha256: 12345", "6:23", ("must be text", "quotes")),
    ("hash", f"{USER}{{username: a, password_hash: hunter2}}", "6:38", ("no argon2id hash", "wheelgate password")),
    ("hash, cut", f"{USER}{{username: a, password_hash: '{HASH[:-1]}'}}", "6:38", ("no argon2id hash",)),
    ("hash, argon2i", f"{USER}{{username: a, password_hash: '{HASH.replace('id', 'i')}'}}", "6:38", ("no argon2id",)),
    (
        "hash, endless",
        f"{USER}{{username: a, password_hash: '{HASH.replace('t=1', 't=99999')}'}}",
        "6:38",
        ("too much memory or time",),
    ),
    (
        "hash, no memory",
        f"{USER}{{username: a, password_hash: '{HASH.replace('p=1', 'p=2')}'}}",
        "6:38",
        ("less memory",),
    ),
    ("user, colon", f"{USER}{{username: 'a:b', password_env: HOME}}", "6:20", ("no user name",)),
    ("user, plus", f"{USER}{{username: a+b, password_env: HOME}}", "6:20", ('"a+b" has a "+"',)),
    ("user, token's", f"{USER}{{username: __token__, password_env: HOME}}", "6:20", ("means a token",)),
    ("user, an instant", f"{USER}{{username: AS-OF-x, password_env: HOME}}", "6:20", ("the world as of",)),
    ("user, a profile", f"{USER}{{username: testing, password_env: HOME}}", "6:20", ("a profile's name, too",)),
    ("user twice", f"{TWO}username: ci, password_env: HOME}}]", "7:24", ('"ci" is a user of "ci" already',)),
    (
        "token twice",
        f"{USER}token_sha256: {TOKEN}\n      - token_sha256: {TOKEN.upper()}",
        "7:23",
        ('clients[0].users[1].token_sha256: this token is in "ci"',),
    ),
    ("variable", f"{USER}{{username: a, password_env: hunter2!}}", "6:37", ("never the password itself",)),
    ("variable missing", f"{USER}{{username: a, password_env: NOT_SET_AT_ALL}}", "6:37", ("is not set or empty",)),
    (
        "file missing",
        f"{USER}{{username: a, password_file: gone}}",
        "6:38",
        ("clients[0].users[0].password_file", "gone"),
    ),
    (
        "policy",
        f"{GROUP}policies: [{{denny: []}}]",
        "5:17",
        ('clients[0].policies[0]: unknown policy "denny"', '"deny"'),
    ),
    ("two policies", f"{GROUP}policies: [{{deny: [], yank: []}}]", "5:16", ("policies[0]: has deny and yank",)),
    ("rule", f"{GROUP}policies: [{{deny: [{{project: x}}]}}]", "5:24", ('policies[0].deny[0]: lacks "reason"',)),
    (
        "rule, empty",
        f"{GROUP}policies: [{{deny: [{{project: x, versions: , reason: y}}]}}]",
        "5:46",
        ("clients[0].policies[0].deny[0].versions: is empty",),
    ),
    (
        "second rule of a profile",
        "profiles:\n  - name: t\n    policies:\n      - yank: []\n      - allow:\n          - {project: x, reason: y, past: [dney]}",
        "6:44",
        ("profiles[0].policies[1].allow[0].past[0]: ", '"dney" is no policy', '"deny"'),
    ),
]

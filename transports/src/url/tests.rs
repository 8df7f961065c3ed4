//! Good and bad URLs.

use super::*;

fn tcp(host: &str, port: u16, insecure: bool) -> Url {
    Url::Tcp { host: host.into(), port, insecure }
}

fn exec(words: &[&str]) -> Url {
    Url::Exec(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn good_ones() {
    let good = [
        ("unix:///tmp/x", Url::Unix("/tmp/x".into())),
        ("unix:///tmp/with blank?and%41", Url::Unix("/tmp/with blank?and%41".into())),
        ("tcp://localhost:7000", tcp("localhost", 7000, false)),
        ("tcp://127.0.0.1:0", tcp("127.0.0.1", 0, false)),
        ("tcp://[::1]:65535", tcp("::1", 65535, false)),
        ("tcp://[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1, false)),
        ("tcp://0.0.0.0:7000?insecure", tcp("0.0.0.0", 7000, true)),
        ("tcp://a-b.example_1:07000", tcp("a-b.example_1", 7000, false)),
        ("exec:cat", exec(&["cat"])),
        ("exec:  cat  -u\t-n ", exec(&["cat", "-u", "-n"])),
        (
            "exec:ssh host -- prog 'a b' \"c \\\"d\\\" \\n\" e\\ f",
            exec(&["ssh", "host", "--", "prog", "a b", "c \"d\" \\n", "e f"]),
        ),
        ("exec:prog '' \"\"", exec(&["prog", "", ""])),
        ("exec:prog a'b c'\"d e\"f 'ü|$`' g", exec(&["prog", "ab cd ef", "ü|$`", "g"])),
        ("exec:prog --x=1 ~ {a,b} #no !", exec(&["prog", "--x=1", "~", "{a,b}", "#no", "!"])),
        ("stdio:", Url::Stdio),
    ];
    for (text, url) in good {
        assert_eq!(Url::parse(text).as_ref(), Ok(&url), "{text}");
    }
}

#[test]
fn bad_ones_say_what_is_wrong_and_where() {
    let long = format!("unix:///{}", "x".repeat(PATH_LEN_MAX));
    let bad = [
        ("", 0, "no scheme"),
        ("/tmp/x", 0, "no scheme"),
        ("http://example.org", 0, "the scheme `http` stands"),
        ("UNIX:///tmp/x", 0, "the scheme `UNIX` stands"),
        (":x", 0, "the scheme `` stands"),
        ("unix:/tmp/x", 5, "two slashes"),
        ("unix:", 5, "two slashes"),
        ("unix://", 7, "a third slash"),
        ("unix://tmp/x", 7, "a third slash"),
        ("unix://@abstract", 7, "a third slash"),
        ("unix:///", 7, "without a name"),
        ("unix:///tmp/", 11, "without a name"),
        ("unix:///tmp/a\0b", 13, "zero byte"),
        (&long, 7, "the system takes"),
        ("tcp:host:1", 4, "two slashes"),
        ("tcp://", 6, "a host is missing"),
        ("tcp://:7000", 6, "a host is missing"),
        ("tcp://host", 10, "a port"),
        ("tcp://host:", 11, "`` stands where a port"),
        ("tcp://host:65536", 11, "`65536` stands where a port"),
        ("tcp://host:+1", 11, "`+1` stands where a port"),
        ("tcp://host:1/path", 11, "`1/path` stands where a port"),
        ("tcp://user@host:1", 10, "no host's name"),
        ("tcp://höst:1", 7, "no host's name"),
        ("tcp://::1:7000", 6, "needs brackets"),
        ("tcp://[::1", 6, "a bracket"),
        ("tcp://[::1]", 11, "a port"),
        ("tcp://[::1]7", 11, "a colon and a port"),
        ("tcp://[host]:1", 7, "an IPv6 address should"),
        ("tcp://host:1?tls", 13, "the option `tls`"),
        ("tcp://host:1?", 13, "the option ``"),
        ("exec:", 5, "a program is missing"),
        ("exec:   ", 5, "a program is missing"),
        ("exec:'' x", 5, "name is empty"),
        ("exec:prog 'open", 10, "a quote is open"),
        ("exec:prog \"open\\\"", 10, "a quote is open"),
        ("exec:prog \\", 10, "a backslash"),
        ("exec:prog | less", 10, "`|` stands, which would be meant for a shell"),
        ("exec:prog > file", 10, "`>`"),
        ("exec:prog $HOME", 10, "`$`"),
        ("exec:prog \"$HOME\"", 11, "`$`"),
        ("exec:prog 'ä' `date`", 15, "``` stands"),
        ("exec:prog *.txt", 10, "`*`"),
        ("stdio:x", 6, "something stands behind"),
        ("stdio", 0, "no scheme"),
    ];
    for (text, at, what) in bad {
        let error = Url::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{error}");
        assert!(error.what.contains(what), "{text}: {error}");
        let told = error.to_string();
        assert!(told.contains("unix:///path, tcp://host:port, exec:program arguments, stdio:"), "{told}");
        assert!(!told.contains('\0'), "{told:?}");
    }
}

#[test]
fn what_is_told_of_a_url_can_be_used_again_and_keeps_arguments_to_itself() {
    for text in ["unix:///tmp/x", "tcp://host:1", "tcp://[::1]:7", "stdio:"] {
        assert_eq!(Url::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Url::parse("exec:ssh --password secret").unwrap().to_string(), "exec:ssh");
}

//! Which addresses may be fetched when a stranger names them: public ones, on the ports of the web.
//!
//! A page, a feed or a redirect can name any address, also one that only this machine can see: the router, a cloud's
//! metadata, another program on this host. [`Reach::check`] judges what an address says, [`Reach::admits`] what a name
//! turned out to mean. Deliberately not here: asking for names. Whoever connects asks, and connects only to what was
//! admitted, because the answer may be another one a moment later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use thiserror::Error;
use url::{Host, Url};

/// Longest address that is fetched, in bytes. Servers commonly take 8 kB.
pub const LONGEST_URL: usize = 8 << 10;
/// Longest name of a host, in bytes: RFC 1035, with a last dot.
const LONGEST_NAME: usize = 254;

/// What one source may reach. The default is every public address on ports 80 and 443.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Networks allowed beyond public addresses, by the owner: a library in the house, or 198.18.0.0/15 where a proxy
    /// invents addresses.
    pub nets: Vec<IpNet>,
    /// Ports allowed beyond 80 and 443. Inside `nets` every port is.
    pub ports: Vec<u16>,
}

/// Why an address is not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// Neither http nor https.
    #[error("only addresses of http and https are fetched, not of {0}")]
    Scheme(String),
    /// A port that the source may not use.
    #[error("port {0} is not among the ports of this source")]
    Port(u16),
    /// A name or a password before the host, which hides where an address leads.
    #[error("an address with a user name in it is not fetched")]
    UserInfo,
    /// A name that means this machine, whatever a resolver says, or none at all.
    #[error("{0:?} is no host on the web")]
    Name(String),
    /// An address that is not public.
    #[error("{0} is not a public address, and not in a network that this source may reach")]
    Address(IpAddr),
    /// More than [`LONGEST_URL`].
    #[error("an address of more than 8 kB is not fetched")]
    Length,
}

impl Reach {
    /// Whether a connection to this address may be made, on the port that [`Reach::check`] found right.
    ///
    /// # Errors
    /// When it is neither public nor in one of the networks.
    pub fn admits(&self, address: IpAddr) -> Result<(), Forbidden> {
        if is_public(address) || self.is_granted(address) { Ok(()) } else { Err(Forbidden::Address(address)) }
    }

    /// Whether an address may be asked for, as far as it can be told without a resolver. `url` has already turned
    /// decimal, octal and hexadecimal hosts into addresses, and other scripts into ASCII.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, url: &Url) -> Result<(), Forbidden> {
        if url.as_str().len() > LONGEST_URL {
            return Err(Forbidden::Length);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden::Scheme(url.scheme().chars().take(20).collect()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::UserInfo);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let is_granted = match url.host() {
            None => return Err(Forbidden::Name(String::new())),
            Some(Host::Ipv4(address)) => self.literal(address.into())?,
            Some(Host::Ipv6(address)) => self.literal(address.into())?,
            // Which address it is, the resolver sees; on an odd port it hands out only granted ones.
            Some(Host::Domain(name)) => named(name).map(|()| !self.nets.is_empty())?,
        };
        if is_granted || self.is_open(port) { Ok(()) } else { Err(Forbidden::Port(port)) }
    }

    /// Whether any address may be asked on this port, and not only those in the networks.
    pub(super) fn is_open(&self, port: u16) -> bool {
        matches!(port, 80 | 443) || self.ports.contains(&port)
    }

    /// Whether this address is in one of the networks.
    pub(super) fn is_granted(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.nets.iter().any(|net| net.contains(&address) || net.contains(&plain))
    }

    fn literal(&self, address: IpAddr) -> Result<bool, Forbidden> {
        self.admits(address).map(|()| self.is_granted(address))
    }
}

fn named(name: &str) -> Result<(), Forbidden> {
    let plain = name.strip_suffix('.').unwrap_or(name);
    let last = plain.rsplit('.').next().unwrap_or_default();
    let is_here = last == "localhost" || matches!(plain, "localhost.localdomain" | "ip6-localhost" | "ip6-loopback");
    if plain.is_empty() || plain.split('.').any(str::is_empty) || is_here || name.len() > LONGEST_NAME {
        return Err(Forbidden::Name(name.chars().take(80).collect()));
    }
    Ok(())
}

/// Whether an address is one of the internet's. The lists are the special-purpose registries of IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network; private; this host.
        [0 | 10 | 127, ..] => false,
        // Shared by carriers; 100.100.100.200 is the metadata of Aliyun.
        [100, 64..=127, ..] => false,
        // Link-local; the metadata of most clouds.
        [169, 254, ..] => false,
        // The machine below, on Azure: a public address that every guest reaches.
        [168, 63, 129, 16] => false,
        [172, 16..=31, ..] | [192, 168, ..] => false,
        // Protocols, documentation, 6to4 relays, measurements.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => false,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Addresses of version 4 in another dress: mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        // Teredo, which hides one of version 4, benchmarks and ORCHID; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that was given out so far. Private, link-local, multicast, `::` and `::1` lie outside.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reach: &Reach, url: &str) -> Result<(), Forbidden> {
        reach.check(&Url::parse(url).unwrap())
    }

    fn reach(nets: &[&str], ports: &[u16]) -> Reach {
        Reach { nets: nets.iter().map(|net| net.parse().unwrap()).collect(), ports: ports.to_vec() }
    }

    /// One of every class of crawler addresses that are not public.
    const INSIDE: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.9.10",
        "169.254.0.23",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    const OUTSIDE: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "168.63.129.17",
        "169.253.1.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.254",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2002:101:101::1",
        "2400:3200::1",
        "2606:4700::1111",
    ];

    #[test]
    fn only_public_addresses_are_admitted() {
        for (addresses, is_admitted) in [(INSIDE, false), (OUTSIDE, true)] {
            for address in addresses {
                let address: IpAddr = address.parse().unwrap();
                assert_eq!(Reach::default().admits(address).is_ok(), is_admitted, "{address}");
                let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
                assert_eq!(check(&Reach::default(), &format!("http://{host}/")).is_ok(), is_admitted, "{host}");
            }
        }
    }

    #[test]
    fn no_disguise_of_an_address_helps() {
        for host in [
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.1",
            "127.1",
            "127.0.1",
            "0",
            "0x0",
            "127.0.0.1.",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "3232235777",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            let found = check(&Reach::default(), &format!("http://{host}/"));
            assert!(matches!(found, Err(Forbidden::Address(_))), "{host}: {found:?}");
        }
        for host in ["localhost", "LOCALHOST.", "a.localhost", "ｌｏｃａｌｈｏｓｔ", "localhost.localdomain", "."]
        {
            let found = check(&Reach::default(), &format!("http://{host}/"));
            assert!(matches!(found, Err(Forbidden::Name(_))), "{host}: {found:?}");
        }
    }

    #[test]
    fn schemes_ports_and_user_names() {
        let plain = Reach::default();
        for url in ["https://example.com/", "http://example.com:443/a?b", "https://书.example/", "http://a_b.example/"]
        {
            assert_eq!(check(&plain, url), Ok(()), "{url}");
        }
        for url in ["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "data:,a", "javascript:1"] {
            assert!(matches!(check(&plain, url), Err(Forbidden::Scheme(_))), "{url}");
        }
        for url in ["http://a@example.com/", "http://a:b@example.com/", "http://:b@example.com/"] {
            assert_eq!(check(&plain, url), Err(Forbidden::UserInfo), "{url}");
        }
        for port in [22, 25, 6379, 8080] {
            let url = format!("http://example.com:{port}/");
            assert_eq!(check(&plain, &url), Err(Forbidden::Port(port)));
            assert_eq!(check(&reach(&[], &[port]), &url), Ok(()));
        }
        let long = format!("http://example.com/{}", "a".repeat(LONGEST_URL));
        assert_eq!(check(&plain, &long), Err(Forbidden::Length));
        assert!(matches!(check(&plain, &format!("http://{}/", "a.".repeat(200))), Err(Forbidden::Name(_))));
    }

    #[test]
    fn the_owner_may_grant_networks() {
        let house = reach(&["192.168.1.0/24", "fd00::/8"], &[]);
        assert_eq!(check(&house, "http://192.168.1.7:8083/opds"), Ok(()));
        assert_eq!(check(&house, "http://[fd00::1]:8083/opds"), Ok(()));
        assert_eq!(check(&house, "http://[::ffff:192.168.1.7]:8083/"), Ok(()));
        assert_eq!(check(&house, "http://192.168.2.7/"), Err(Forbidden::Address("192.168.2.7".parse().unwrap())));
        assert_eq!(check(&house, "http://1.1.1.1:8083/"), Err(Forbidden::Port(8083)));
        // Which network it is in, only the resolver can tell.
        assert_eq!(check(&house, "http://nas.example:8083/"), Ok(()));
        assert!(!house.is_open(8083) && house.is_open(443));
        assert_eq!(check(&house, "http://localhost:8083/"), Err(Forbidden::Name("localhost".into())));
    }
}

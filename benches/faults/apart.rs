//! A network of its own, by a namespace of Linux: one wire leads there, and once it is cut nobody at either
//! end is told. Needs root, and `ip` of iproute2.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd as _;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Nobody's: a frame to it is thrown away at the other end.
const NOBODY: &str = "02:00:00:00:ff:ff";

/// A network with one wire to this one. Dropping it takes it away.
#[derive(Debug)]
pub(crate) struct Apart {
    number: u8,
}

impl Apart {
    /// Makes one; none where this process may not.
    pub(crate) fn new(number: u8) -> Option<Self> {
        let apart = Self { number };
        let (name, near, far) = (apart.name(), apart.near(), apart.far());
        // One of a run that was killed.
        ip(&format!("netns delete {name}"));
        let (here, there) = (apart.mac(1), apart.mac(2));
        let made = [
            format!("netns add {name}"),
            format!(
                "link add {near} address {here} type veth peer name {far} address {there} netns {name}"
            ),
            format!("address add {}/30 dev {near}", apart.here()),
            format!("link set {near} up"),
            format!("-n {name} address add {}/30 dev {far}", apart.there()),
            format!("-n {name} link set {far} up"),
        ];
        made.iter().all(|command| ip(command)).then_some(apart)
    }

    fn name(&self) -> String {
        format!("transom-{}", self.number)
    }

    fn near(&self) -> String {
        format!("transom{}a", self.number)
    }

    fn far(&self) -> String {
        format!("transom{}b", self.number)
    }

    fn mac(&self, end: u8) -> String {
        format!("02:00:00:00:{:02x}:{end:02x}", self.number)
    }

    /// This end of the wire.
    pub(crate) fn here(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.number, 1).into()
    }

    /// The other end.
    pub(crate) fn there(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.number, 2).into()
    }

    /// Does something there: sockets that are made then stay there.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let space = File::open(format!("/var/run/netns/{}", self.name())).unwrap();
        let moved = || {
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        };
        std::thread::scope(|scope| scope.spawn(moved).join().unwrap())
    }

    /// From now on what is sent by either end arrives nowhere.
    pub(crate) fn cut(&self) {
        self.lead(NOBODY, NOBODY);
    }

    /// It arrives again.
    pub(crate) fn mend(&self) {
        self.lead(&self.mac(2), &self.mac(1));
    }

    fn lead(&self, out: &str, back: &str) {
        let (name, near, far) = (self.name(), self.near(), self.far());
        let (here, there) = (self.here(), self.there());
        for command in [
            format!("neigh replace {there} lladdr {out} dev {near} nud permanent"),
            format!("-n {name} neigh replace {here} lladdr {back} dev {far} nud permanent"),
        ] {
            assert!(ip(&command), "ip {command}");
        }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        ip(&format!("netns delete {}", self.name()));
    }
}

/// Whether it did that.
fn ip(command: &str) -> bool {
    let done = Command::new("ip").args(command.split(' ')).output();
    done.is_ok_and(|output| output.status.success())
}

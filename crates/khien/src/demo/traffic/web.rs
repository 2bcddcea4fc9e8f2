//! What the web servers tell: citizens who read, officers who read mail and publish.

use super::Day;
use crate::demo::access::{self, BROWSER, Request};
use crate::demo::province::Kind;
use crate::demo::windows::{self, Start, W3WP};
use crate::demo::{Line, Moment};

const PAGES: &[&str] = &[
    "/",
    "/tin-tuc/lich-tiep-cong-dan",
    "/thu-tuc/dang-ky-khai-sinh",
    "/thu-tuc/tra-cuu?ma=000.00.12.H99-260120-0012",
    "/uploads/2026/11/lich-cong-tac.pdf",
    "/images/banner-tet.jpg",
    "/css/trang.css",
    "/tim-kiem.aspx?q=giay+phep+xay+dung",
];
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36";

/// A citizen, on a Vietnamese provider's network, reads a site of the province.
pub(super) fn visited_site(day: &mut Day, at: Moment) -> Line {
    let site = day.province.pick(&mut day.random, Kind::Site);
    let from_ip = format!("192.0.2.{}", 50 + day.random.below(200));
    let request = Request {
        from_ip: &from_ip,
        method: "GET",
        uri: day.random.pick(PAGES),
        status: day.random.pick(&[200, 200, 200, 200, 304, 404]),
        bytes: 300 + day.random.below(90_000),
        agent: day.random.pick(&[BROWSER, PHONE]),
    };
    access::request(at, site.host, &request)
}

/// An officer logs in to mail or fetches an attachment, from the office.
pub(super) fn read_mail(day: &mut Day, at: Moment) -> Line {
    let officer = day.province.pick(&mut day.random, Kind::Workstation);
    let attachment = format!("/attachment/{}/cong-van.pdf", 80_000 + day.random.below(9_000));
    let (method, uri, status) = match day.random.below(3) {
        0 => ("POST", "/dang-nhap", 302),
        1 => ("GET", "/hop-thu", 200),
        _ => ("GET", attachment.as_str(), 200),
    };
    let bytes = 200 + day.random.below(400_000);
    let request = Request { from_ip: officer.ip, method, uri, status, bytes, agent: BROWSER };
    access::request(at, "mail.vanlinh.example", &request)
}

/// An editor uploads a picture, the web server stores it, or compiles a changed page.
pub(super) fn edited_site(day: &mut Day, at: Moment) -> Line {
    let server = day.province.named("CONG-WEB02");
    let number = 1 + day.random.below(900);
    match day.random.below(3) {
        0 => {
            let officer = day.province.pick(&mut day.random, Kind::Workstation);
            let request = Request {
                from_ip: officer.ip,
                method: "POST",
                uri: "/quan-tri/tai-len.aspx",
                status: 200,
                bytes: 212,
                agent: BROWSER,
            };
            access::request(at, server.host, &request)
        }
        1 => {
            let picture = format!(r"C:\inetpub\wwwroot\chung\uploads\2026\11\anh-{number}.jpg");
            windows::file(at, server, W3WP, &picture, "CongTTDT")
        }
        _ => {
            let command_line = format!("csc.exe /noconfig /fullpaths @App_Web_{number}.cmdline");
            let start = Start {
                image: r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe",
                command_line: &command_line,
                parent: W3WP,
                account: "CongTTDT",
            };
            windows::process(at, server, &start)
        }
    }
}

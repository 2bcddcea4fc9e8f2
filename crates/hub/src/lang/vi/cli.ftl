# Lời của các lệnh trên máy chủ.
cli-config-fine = Cấu hình dùng được.
cli-config-unreadable = Không dùng được cấu hình: { $why }
cli-config-open-listener = Từ chối mở cổng { $address }: địa chỉ này ra ngoài máy mà chưa có TLS, mật khẩu sẽ đi trên mạng không được mã hóa. Hãy đặt một máy chủ proxy có TLS phía trước và khai báo mạng của nó trong http.trusted_proxies, hoặc dùng 127.0.0.1.
cli-config-weak-hash = access.hash_cost = least chỉ dùng khi kiểm thử trên địa chỉ nội bộ của máy.
cli-folder-in-use = Một Khiên khác đang chạy trên thư mục { $path }. Hãy dừng nó trước, hoặc chọn thư mục khác bằng --data.
cli-folder-unusable = Không dùng được { $path }: { $why }. Hãy kiểm tra quyền ghi và dung lượng đĩa.
cli-folder-newer = Dữ liệu này do một phiên bản Khiên mới hơn ghi (lược đồ { $found }, chương trình này chỉ biết đến { $known }); hãy dùng phiên bản mới hơn.
cli-folder-empty = Thư mục { $path } chưa có dữ liệu của Khiên (không thấy state.db).
cli-listen-taken = Cổng { $address } đang có chương trình khác dùng. Hãy dừng chương trình đó hoặc chọn cổng khác: { $setting } trong khien.toml hay biến { $variable }; với cổng web của khien demo là --listen.
cli-listen-refused = Không mở được cổng { $address } ({ $setting }): { $why }. Hãy kiểm tra địa chỉ và quyền; cổng dưới 1024 cần quyền riêng.
cli-serve-listens = Khiên đang chạy tại { $url } (Ctrl-C để dừng)
cli-serve-first-slip =
    Thư mục dữ liệu còn trống nên hệ thống đã tạo người quản trị đầu tiên.
    Phiếu kích hoạt (chỉ hiện một lần, dùng được { $days } ngày):
      Địa chỉ:        { $url }
      Tên đăng nhập:  { $login }
      Mã kích hoạt:   { $code }
cli-journal-head = Đầu chuỗi đã dùng để đối chiếu: { $path }
cli-journal-head-none = Trong { $path } không có đầu chuỗi đã ký nào.
cli-journal-head-broken = Không đọc được đầu chuỗi đã ký mới nhất: { $why }; hãy lấy lại bản đã gửi lưu ở đơn vị khác
cli-rules-absent = Không có { $path }.
cli-rules-total = { $loaded } luật dùng được, { $refused } bị từ chối
cli-rules-id = Mã
cli-rules-rule = Luật
cli-rules-file = Tệp
cli-rules-reason = Lý do
cli-rules-level = Mức
cli-rules-source = Nguồn nhật ký
cli-rules-correlation = tương quan
cli-values-unused = { $total } danh sách giá trị không luật nào dùng đến: { $names }
cli-origin-default = mặc định
cli-origin-environment = biến môi trường
cli-doctor-listener = Cổng phục vụ: { $address }
cli-doctor-rules = Luật phát hiện: nạp được { $loaded }, không luật nào bị từ chối
cli-doctor-rules-refused = Luật phát hiện: nạp được { $loaded }, { $refused } luật bị từ chối; xem lý do bằng `khien rules check`
cli-doctor-folder-absent = Thư mục dữ liệu { $path } chưa có; `khien serve` sẽ tạo
cli-doctor-modes = Chỉ chủ sở hữu vào được thư mục dữ liệu
cli-doctor-modes-open = Người khác trên máy đọc được: { $paths }; hãy chạy chmod -R go= với các đường dẫn này
cli-doctor-disk = Đĩa còn trống { $mib } MiB
cli-doctor-disk-low = Đĩa chỉ còn trống { $mib } MiB; hãy dọn bớt hoặc chuyển thư mục dữ liệu sang đĩa lớn hơn
cli-doctor-disk-unknown = Không xem được dung lượng đĩa: { $why }
cli-doctor-running = Khiên đang chạy trên thư mục này
cli-doctor-stopped = Khiên hiện không chạy trên thư mục này
cli-doctor-folder-unwritable = Không ghi được vào thư mục dữ liệu: { $why }; hãy kiểm tra chủ sở hữu và quyền
cli-doctor-key = Khóa ký nhật ký có đủ
cli-doctor-key-bad = Tệp keys/journal.key không phải khóa hợp lệ; hãy khôi phục từ bản sao lưu khóa
cli-doctor-key-absent = Chưa có khóa ký nhật ký; khóa được tạo khi ký đầu chuỗi lần đầu
cli-doctor-state-absent = Chưa có state.db; `khien serve` sẽ tạo
cli-doctor-state-broken = Không mở được cơ sở dữ liệu: { $why }; hãy dừng Khiên, khôi phục bản sao lưu gần nhất và chuyển thư mục heads/ đi nơi khác: các đầu chuỗi trong đó thuộc về những dòng đã mất
cli-doctor-schema = Lược đồ cơ sở dữ liệu khớp với chương trình
cli-doctor-schema-older = Lược đồ cơ sở dữ liệu cũ hơn chương trình; `khien serve` sẽ tự nâng lên (nên sao lưu trước)
cli-doctor-clock = Đồng hồ máy: { $now } (+07:00)
cli-doctor-clock-behind = Đồng hồ máy ({ $now } +07:00) chạy sau dòng nhật ký mới nhất hoặc chưa được đặt; hãy bật đồng bộ giờ (NTP)
cli-demo-settles = Đang dựng tỉnh giả định (chỉ lần đầu)…
cli-demo-not-empty = Thư mục này đã có dữ liệu nhưng không phải của khien demo. Hãy chọn một thư mục trống bằng --data.
cli-demo-login = Tên đăng nhập
cli-demo-role = Vai trò
cli-demo-unit = Đơn vị
cli-demo-listens =
    Mật khẩu của mọi tài khoản: { $password }
    Cán bộ đầu mối của xã, phường khác: can.bo.<tên xã>, như { $other }; cùng mật khẩu
    Thư mục dữ liệu: { $data }
    Tỉnh giả định đang chạy tại { $url } (Ctrl-C để dừng)
cli-user-call-back = Cán bộ này đã có mật khẩu. Hãy gọi lại số đã đăng ký { $phone }, không tin số vừa gọi đến; gặp đúng người rồi hãy chạy lại với --called-back.

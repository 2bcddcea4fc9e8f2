# Nhập dữ liệu từ bảng tính.
import-kind-units = Đơn vị
import-kind-people = Cán bộ
import-kind-systems = Hệ thống, thiết bị
import-kind-contacts = Đầu mối liên hệ
import-added = thêm: { $what }
import-changed = sửa: { $what } ({ $fields })
import-counts = Tệp có { $rows } dòng: thêm mới { $added }, sửa { $changed }, giữ nguyên { $same }.
import-ignored = Không dùng các cột: { $columns }
import-dry = Mới xem thử, chưa ghi gì.
import-done = Đã ghi.
import-faults = Tệp có { $count } chỗ sai. Chưa ghi gì.
import-no-administrator = Chưa có tài khoản quản trị nào. Hãy chạy “khien serve” một lần để lập quản trị đầu tiên.
import-slips-written = Đã ghi { $count } phiếu kích hoạt vào { $file }. Hãy in rồi xóa tệp này.
import-slips-here = Phiếu kích hoạt, mỗi mã chỉ hiện một lần này:

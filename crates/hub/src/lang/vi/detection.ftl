# Luật phát hiện.
rules-title = Luật phát hiện
rules-sub = Những dấu hiệu mà hệ thống tự tìm trong sự kiện gửi về
rules-empty = Không có luật nào khớp.
rules-total = { $total } luật đang chạy
rules-refused = { $total } luật không dùng được
rules-refused-help = Luật không thực hiện được đầy đủ thì không được nạp; dưới đây là tên và lý do.
rule-level = Mức
rule-title = Luật
rule-family = Nhóm
rule-author = Tác giả
rule-file = Tệp
rule-reason = Lý do
rule-hits-recent = 24 giờ qua
rule-hits-total = Tổng số
detection-damage-title = Nhật ký tiếp nhận có đoạn hỏng: { $what }
detection-damage-advice = Kiểm tra ổ đĩa của máy chủ. Các sự kiện trong đoạn hỏng không đọc được; hãy đề nghị nguồn gửi lại và giữ tệp hỏng để xem xét.

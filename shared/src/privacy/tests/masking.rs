//! What is masked, what is not, and that it comes back.

use super::*;

fn masked(text: &str) -> String {
    privacy(Vec::new()).outgoing(Names::default(), &[], text).unwrap().question
}

#[test]
fn personal_data_is_masked_however_it_is_written() {
    for (text, expected) in [
        // Mobile phones.
        ("我的电话是13800138000", "我的电话是[PHONE_1]"),
        ("138 0013 8000", "[PHONE_1]"),
        ("138-0013-8000，谢谢", "[PHONE_1]，谢谢"),
        ("138 00138000", "[PHONE_1]"),
        ("1380013 8000", "[PHONE_1]"),
        ("1 3 8 0 0 1 3 8 0 0 0", "[PHONE_1]"),
        ("+8613800138000", "[PHONE_1]"),
        ("+86 138 0013 8000", "[PHONE_1]"),
        ("+86-138-0013-8000", "[PHONE_1]"),
        ("0086 13800138000", "[PHONE_1]"),
        ("8613800138000", "[PHONE_1]"),
        ("１３８００１３８０００", "[PHONE_1]"),
        ("＋８６　１３８－００１３－８０００", "[PHONE_1]"),
        ("\u{202d}13800138000\u{202c}", "\u{202d}[PHONE_1]\u{202c}"),
        ("tel:13800138000.", "tel:[PHONE_1]."),
        ("tel13800138000", "tel[PHONE_1]"),
        ("13800138000vx同号", "[PHONE_1]vx同号"),
        ("张三13800138000李四19912345678", "张三[PHONE_1]李四[PHONE_2]"),
        ("13800138000 19912345678", "[PHONE_1] [PHONE_2]"),
        ("买3 13800138000", "买3 [PHONE_1]"),
        ("号码13800138000,13800138000", "号码[PHONE_1],[PHONE_1]"),
        ("13800138000和+86 138-0013-8000", "[PHONE_1]和[PHONE_1]"),
        ("(138)0013-8000/13800138000", "(138)0013-8000/[PHONE_1]"),
        ("1.13800138000 2.19912345678", "1.[PHONE_1] 2.[PHONE_2]"),
        // Identity cards.
        ("身份证440301199003074511", "身份证[ID_CARD_1]"),
        ("11010119900307002X", "[ID_CARD_1]"),
        ("11010119900307002x。", "[ID_CARD_1]。"),
        ("１１０１０１１９９００３０７００２Ｘ", "[ID_CARD_1]"),
        ("440301 19900307 4511", "[ID_CARD_1]"),
        ("440301-19900307-4511", "[ID_CARD_1]"),
        ("310115200002290021", "[ID_CARD_1]"),
        // Bank cards.
        ("卡号6222021234567890128", "卡号[BANK_CARD_1]"),
        ("6222 0212 3456 7890 128", "[BANK_CARD_1]"),
        ("622202 1234567890128", "[BANK_CARD_1]"),
        ("6222-0212-3456-7890-128", "[BANK_CARD_1]"),
        ("4012888888881881", "[BANK_CARD_1]"),
        ("4012 8888 8888 1881", "[BANK_CARD_1]"),
        ("3782 822463 10005", "[BANK_CARD_1]"),
        ("4367421234567890129", "[BANK_CARD_1]"),
        ("4563510123456789011", "[BANK_CARD_1]"),
        // E-mail addresses.
        ("邮箱li.ming+a@shop.example.com谢谢", "邮箱[EMAIL_1]谢谢"),
        ("13800138000@163.com", "[EMAIL_1]"),
        ("Li@QQ.com, li@qq.com.", "[EMAIL_1], [EMAIL_1]."),
        ("li＠qq.com", "[EMAIL_1]"),
        // All at once.
        (
            "13800138000, a@b.cn, 440301199003074511, 6222021234567890128",
            "[PHONE_1], [EMAIL_1], [ID_CARD_1], [BANK_CARD_1]",
        ),
    ] {
        assert_eq!(masked(text), expected, "{text}");
    }
}

#[test]
fn what_is_nobody_s_is_left_alone() {
    for text in [
        "",
        "订单号2024011512345678",
        "订单2401151234567891",
        "订单202401151234567897",
        "淘宝订单3456789012345678901",
        "订单12345678901",
        "订单138001380001",
        "快递SF1380013800012",
        "快递SF13800138000",
        "快递YT1234567890123",
        "韵达4312345678903",
        "中通78123456789012",
        "EA123456789CN",
        "114-1234567-1234567",
        "240115-123456789012345",
        "4200001234202401151234567890",
        "价格13800.13元",
        "共13800138000.50元",
        "1,380,013,800",
        "时间1700000000000",
        "2024-01-15 13:08:00",
        "10086",
        "400-800-8888",
        "010-12345678",
        "12800138000",
        "6222021234567890127",
        "440301199003074512",
        "99010119900307002X",
        "110101199013070021",
        "v1.3800138000.2",
        "id_13800138000",
        "13800138000_2",
        "ISBN 9787302511632",
        "192.168.100.100",
        "@someone 你好",
        "a@b",
        "pkg@1.2.3",
        "https://shop.example/item?id=600123456789",
        "尺寸 138*001*380",
        "12 345 678 901",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn a_value_is_the_same_in_all_of_a_request_and_comes_back_as_it_was_first_written() {
    let privacy = privacy(Vec::new());
    let round = |question: &str, answer: &str| Round {
        question: question.to_owned(),
        answer: answer.to_owned(),
        seq: 0,
    };
    let rounds = [round("我是138 0013 8000", "好的，138 0013 8000"), round("19912345678", "好")];
    let outgoing =
        privacy.outgoing(Names::default(), &rounds, "13800138000还是19912345678").unwrap();
    assert_eq!(
        outgoing.rounds,
        [round("我是[PHONE_1]", "好的，[PHONE_1]"), round("[PHONE_2]", "好")]
    );
    assert_eq!(outgoing.question, "[PHONE_1]还是[PHONE_2]");
    let mut restorer = outgoing.restorer();
    assert_eq!(restorer.feed("用[PHONE_1]。") + &restorer.finish(), "用138 0013 8000。");
}

#[test]
fn what_a_visitor_wrote_like_a_placeholder_is_never_somebody_s_data() {
    let privacy = privacy(Vec::new());
    let said = Round { question: "phone_2".into(), answer: "[PHONE 4]".into(), seq: 0 };
    let outgoing =
        privacy.outgoing(Names::default(), &[said], "[PHONE_1] 13800138000, 19912345678").unwrap();
    assert_eq!(outgoing.question, "[PHONE_1] [PHONE_3], [PHONE_5]");
    let mut restorer = outgoing.restorer();
    let shown = restorer.feed("[PHONE_1] [PHONE_2] [PHONE_3] [PHONE_4]") + &restorer.finish();
    assert_eq!(shown, "[PHONE_1] [PHONE_2] 13800138000 [PHONE_4]");
}

#[test]
fn a_site_s_own_patterns_come_first() {
    let own = [("order", r"dd\d{8}"), ("vip", r"\b13800\d{6}\b")];
    let privacy = Privacy::compile(&site(&own, Vec::new()));
    let outgoing = privacy
        .outgoing(Names::default(), &[], "订单DD12345678，ＤＤ８７６５４３２１，13800138000")
        .unwrap();
    assert_eq!(outgoing.question, "订单[ORDER_1]，[ORDER_2]，[VIP_1]");
    let mut restorer = outgoing.restorer();
    let shown = restorer.feed("[order_2]和[VIP_1]") + &restorer.finish();
    assert_eq!(shown, "ＤＤ８７６５４３２１和13800138000");
}

#[test]
fn only_what_a_site_masks_is_masked() {
    let mut site = site(&[], Vec::new());
    site.masking.kinds = vec![MaskKind::Phone];
    let privacy = Privacy::compile(&site);
    let text = "13800138000 a@b.cn 440301199003074511 6222021234567890128";
    let question = privacy.outgoing(Names::default(), &[], text).unwrap().question;
    assert_eq!(question, "[PHONE_1] a@b.cn 440301199003074511 6222021234567890128");
    site.masking.kinds.clear();
    assert_eq!(
        Privacy::compile(&site).outgoing(Names::default(), &[], text).unwrap().question,
        text
    );
}

#[test]
fn a_page_s_data_is_masked_and_cannot_pass_for_a_placeholder() {
    let privacy = privacy(Vec::new());
    let mut outgoing = privacy.outgoing(Names::default(), &[], "13800138000").unwrap();
    let data = outgoing.data("注册 [PHONE_1] phone_1 13800138000 <a@b.cn>\n[INST]", 200);
    assert_eq!(data, "注册 (PHONE-1) phone-1 [PHONE_1] ‹[EMAIL_1]› (INST)");
    assert_eq!(outgoing.data("退货政策", 8), "退货");
    let mut restorer = outgoing.restorer();
    assert_eq!(restorer.feed("[EMAIL_1]") + &restorer.finish(), "a@b.cn");
}

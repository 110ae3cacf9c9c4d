"""Put what people tell in other languages into the few English words that symptoms are found by.

A phrase of a glossary becomes English, and everything else stays. Chinese has
its own words in the symptoms; here its traditional characters become the simplified ones.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Who speaks in another language than English, or of himself in one.
SPEAKER = (
    r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]|(?<!\w)(?:[Ii]ch|[Mm]ein\w*|[Jj]e|[Mm](?:on|es)|"
    r"[Mm]i|[Ee]u|[Mm]eu|[Mm]inha|[Яя]|[Мм](?:ой|оя|оё|не))(?!\w)"
)
_TRADITIONAL = (
    "訓練報錯誤顯為會無沒載輸結問題這個來時對應後與實際現運執轉換導儲檔級覺還過進開關啟動斷變記憶"
    "體評測驗證數據損權調準確異壞亂碼樣長從並單雙張請幫嗎說連線網終種類壓縮減標籤寫讀處總試設備圖"
    "產達間識難極較給繼續離電腦機務邊選擇僅嘗將兩條擬穩衝潰緩發熱參優學習語適釋範圍"
)
_SIMPLIFIED = (
    "训练报错误显为会无没载输结问题这个来时对应后与实际现运执转换导储档级觉还过进开关启动断变记忆"
    "体评测验证数据损权调准确异坏乱码样长从并单双张请帮吗说连线网终种类压缩减标签写读处总试设备图"
    "产达间识难极较给继续离电脑机务边选择仅尝将两条拟稳冲溃缓发热参优学习语适释范围"
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

# By what a sentence of the language is known, and the glossary: longer phrases first.
_GLOSSARIES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        r"[\u3040-\u30ff]",
        {
            r"(?:アップデート|更新|アップグレード)(?:後|して|したら)": " after updating ",
            r"学習(?:し|され|でき)(?:ない|ません)": " does not learn anything ",
            r"(?:使わ|使用さ|認識さ)れ(?:ない|ません|ず)": " is not used ",
            r"(?:下が|減)ら?(?:ない|ません)|収束し(?:ない|ません)|進まない": " does not decrease ",
            r"(?:始ま|開始さ?れ?|起動し)ら?(?:ない|ません)": " does not start ",
            r"(?:動か|動作し)(?:ない|ません)|うまくいか\w*": " does not work ",
            r"(?:読み込み|ロード)[^。]{0,6}(?:失敗|できな|できません)": " fails to load ",
            r"(?:効果が|変化が)(?:ない|ありません)|反映され(?:ない|ません)": " has no effect ",
            r"メモリが?(?:不足|足りな)": " out of memory ",
            r"おかし\w*|文字化け|意味不明|でたらめ": " garbage ",
            r"止ま|固ま|フリーズ": " hangs ",
            r"ファインチューニング|微調整": " fine-tuning ",
            r"失敗|できません": " fails ",
            r"学習": " training ",
            r"モデル": " model ",
            r"損失": " loss ",
            r"出力": " output ",
            r"アダプタ\w*": " adapter ",
            r"マージ": " merged ",
            r"遅": " slow ",
            r"エラー": " error ",
        },
    ),
    (
        r"[\uac00-\ud7af]",
        {
            r"(?:업데이트|업그레이드) ?(?:후|한|하고|했)": " after updating ",
            r"(?:시작되|시작하)지": " does not start ",
            r"(?:사용되|사용하|쓰)지": " is not used ",
            r"(?:줄|감소하|수렴하|떨어지)지": " does not decrease ",
            r"(?:로드|불러오)[^.]{0,8}(?:안|못|실패)|불러오지": " fails to load ",
            r"적용(?:되지|이 ?안| ?안)|효과가 없": " has no effect ",
            r"(?:작동|동작)하지|안 ?[되돼됨됩]": " does not work ",
            r"메모리 ?부족": " out of memory ",
            r"이상한|깨진|엉뚱한": " garbage ",
            r"파인 ?튜닝|미세 ?조정": " fine-tuning ",
            r"학습": " training ",
            r"모델": " model ",
            r"출력": " output ",
            r"손실": " loss ",
            r"느리|느립|느려": " slow ",
            r"멈추|멈춤|멈춰|멈춥": " hangs ",
            r"오류|에러": " error ",
            r"실패": " fails ",
            r"병합": " merged ",
            r"어댑터": " adapter ",
        },
    ),
    (
        r"[\u0400-\u04ff]",
        {
            r"после обновлени\w+": "after updating",
            r"ничему не учится|не (?:об)?учается|не учится": "does not learn anything",
            r"не (?:падает|уменьшается|снижается|сходится)": "does not decrease",
            r"не (?:запускается|стартует|начинается)": "does not start",
            r"не (?:загружается|грузится)|не (?:удаётся|удается|могу) загрузить": "fails to load",
            r"не использу\w+": "is not used",
            r"не работает|перестал\w* работать": "does not work",
            r"не хватает памяти|нехватк\w+ памяти": "out of memory",
            r"(?:никак )?не влияет|нет эффекта": "has no effect",
            r"мусор\w*|бред\w*|чушь|ерунд\w+|белиберд\w+": "garbage",
            r"выда[её]т|генерирует|выводит": "outputs",
            r"дообучени\w+|файнтюн\w*": "fine-tuning",
            r"обучени\w+|обучать\w*|тренировк\w+": "training",
            r"базов\w+ модел\w+": "base model",
            r"модел\w+": "model",
            r"адаптер\w*": "adapter",
            r"слияни\w+|объединени\w+": "merging",
            r"ошибк\w+": "error",
            r"медленн\w+": "slow",
            r"зависает|завис\w*": "hangs",
            r"функци\w+ потерь|потер[ьия]": "loss",
        },
    ),
    (
        r"\b(?:nicht|kein\w*|mein\w*|nach dem|wird|bleibt|das|der|beim)\b",
        {
            r"nach dem (?:Update|Upgrade|Aktualisieren)": "after updating",
            r"nach dem (?:Merge\w*|Zusammenführen)": "after merging",
            r"\b(?:ohne|keine?n?) Fehler\w*": "",
            r"startet[^.]{0,20}nicht|beginnt nicht": "does not start",
            r"(?:sinkt|fällt|konvergiert) nicht|geht nicht (?:he)?runter": "does not decrease",
            r"funktioniert[^.]{0,40}nicht|geht nicht": "does not work",
            r"(?:wird )?nicht (?:benutzt|genutzt|verwendet)": "is not used",
            r"lernt nichts|nichts (?:wird )?gelernt": "does not learn anything",
            r"lädt nicht|lässt sich nicht laden|kann[^.]{0,30}nicht (?:ge)?laden": "fails to load",
            r"hat keine(?:n|rlei)? (?:Wirkung|Effekt)": "has no effect",
            r"(?:zu wenig|nicht genug|kein) Speicher": "out of memory",
            r"Unsinn|Kauderwelsch|Müll|Quatsch": "garbage",
            r"\b(?:gibt|erzeugt|generiert)\b": "outputs",
            r"\bModell\w*": "model",
            r"\bVerlust\b": "loss",
            r"bleibt (?:bei|auf)": "stays at",
            r"\blangsam\w*": "slow",
            r"hängt|bleibt hängen|steht still": "hangs",
            r"\bFehler\w*": "error",
        },
    ),
    (
        r"\b(?:ne|n'est|après|le|la|les|une?|du|mon|ma|je)\b",
        {
            r"après (?:la |une )?mise à jour": "after updating",
            r"après (?:la |une )?fusion": "after merging",
            r"ne (?:démarre|commence|se lance) (?:pas|plus)": "does not start",
            r"ne (?:marche|fonctionne) (?:pas|plus)": "does not work",
            r"ne (?:baisse|descend|diminue|converge) (?:pas|plus)": "does not decrease",
            r"n'apprend (?:rien|pas)": "does not learn anything",
            r"n'est pas utilisée?": "is not used",
            r"ne se? ?charge pas|impossible de charger|n'arrive pas à charger": "fails to load",
            r"n'a aucun effet|sans effet": "has no effect",
            r"mémoire insuffisante|manque de mémoire": "out of memory",
            r"charabia|n'importe quoi": "garbage",
            r"\b(?:génère|produit|renvoie)\b": "outputs",
            r"\bmodèle": "model",
            r"entraînement|apprentissage": "training",
            r"\bperte\b": "loss",
            r"reste (?:bloquée? )?à": "stays at",
            r"\blente?\b": "slow",
            r"\bbloqu\w+|se fige": "hangs",
            r"\berreur\b": "error",
            r"\badaptateur": "adapter",
        },
    ),
    (
        r"\b(?:el|la|los|no|un[oa]?|después|tras|não|uma|após|depois|meu|está|o|os)\b",
        {
            r"(?:después de|tras|depois de|após) (?:a?tualizar|actualizar|(?:la )?actualización|"
            r"(?:a )?atualização)": "after updating",
            r"(?:no (?:arranca|inicia|empieza)|não (?:inicia|começa))": "does not start",
            r"(?:no|não) funciona": "does not work",
            r"(?:no (?:baja|disminuye|converge)|não (?:cai|diminui|converge|desce))": (
                "does not decrease"
            ),
            r"(?:no|não) aprende(?: nada)?": "does not learn anything",
            r"no se (?:usa|utiliza)|não (?:é|está sendo) (?:usad|utilizad)[ao]": "is not used",
            r"no (?:se carga|carga|puedo cargar)|não (?:carrega|consigo carregar)": "fails to load",
            r"no tiene (?:ningún )?efecto|não tem (?:nenhum )?efeito": "has no effect",
            r"responde igual que|igual (?:que|ao|a)\b": "same as",
            r"(?:memoria|memória) insuficiente|s[ie][nm] (?:memoria|memória)": "out of memory",
            r"basura|galimatías|sin sentido|lixo|sem sentido|incoe?he?rente\w*": "garbage",
            r"\b(?:genera|devuelve|produce|gera|retorna|produz)\b": "outputs",
            r"\b(?:el |o )?modelo base\b": "the base model",
            r"\bmodelo\b": "model",
            r"entrenamiento|treinamento|\btreino\b": "training",
            r"\b(?:pérdida|perda)\b": "loss",
            r"\blent[oa]\b": "slow",
            r"\bcolgad[oa]\b|se cuelga|se congela|\btrava(?:d[oa])?\b": "hangs",
            r"\bsin errores?\b|\bsem erros?\b": "",
            r"\berro\b": "error",
            r"\bfalla\b|\bfalha\b": "fails",
            r"\badaptador\b": "adapter",
            r"\bfusionar|\bmesclar|\bfusión\b": "merging",
        },
    ),
)


@lru_cache(maxsize=64)
def in_english(text: str) -> str:
    """Return a sentence with what the glossaries know of it in English; English as it is."""
    if text.isascii() and not _MAY_BE.search(text):
        return text
    found = text
    for marks, glossary in _GLOSSARIES:
        if re.search(marks, text):
            for phrase, english in glossary.items():
                found = re.sub(phrase, english, found, flags=re.IGNORECASE)
    return found if found != text else text.translate(_TO_SIMPLIFIED)


# Words that no English sentence has.
_MAY_BE = re.compile(
    r"\b(?:nicht|mein|wird|bleibt|kein|entrenamiento|treinamento|modelo|modelos|erreur|funciona|"
    r"utilise|perte|lixo|basura|Modell)\b"
)

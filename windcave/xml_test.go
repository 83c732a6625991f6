package windcave

import (
	"errors"
	"strings"
	"testing"
)

const paidXML = `<Response valid="1"><Success>1</Success><TxnType>Purchase</TxnType><TxnId>A1B2C3D4E5F60718</TxnId>` +
	`<MerchantReference>INV-1234</MerchantReference><CurrencyInput>NZD</CurrencyInput><AmountSettlement>10.00</AmountSettlement>` +
	`<DpsTxnRef>d1</DpsTxnRef></Response>`

func TestLenientReading(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"as it is":             paidXML,
		"byte order mark":      "\xef\xbb\xbf" + paidXML,
		"declaration":          `<?xml version="1.0" encoding="utf-8"?>` + "\n" + paidXML,
		"ASCII declared":       `<?xml version="1.0" encoding="US-ASCII"?>` + paidXML,
		"text around":          "before " + paidXML + "\r\n after",
		"comments":             strings.ReplaceAll(paidXML, "<Success>1", "<!-- x --><Success><!-- 0 -->1"),
		"blanks":               strings.ReplaceAll(paidXML, ">10.00<", ">\n\t 10.00 \u00a0<"),
		"CDATA":                strings.ReplaceAll(paidXML, ">INV-1234<", "><![CDATA[INV-1234]]><"),
		"character references": strings.ReplaceAll(paidXML, ">INV-1234<", ">&#73;NV&#x2D;1234<"),
		"lower case":           strings.ToLower(paidXML[:strings.Index(paidXML, "Purchase")]) + "Purchase</txntype>" + paidXML[strings.Index(paidXML, "<TxnId>"):strings.Index(paidXML, "</Response>")] + "</response>",
		"attribute in capital": strings.ReplaceAll(paidXML, "valid=", "Valid="),
		"empty first":          strings.ReplaceAll(paidXML, "<Success>", "<Success/><Success> </Success><Success>"),
		"said twice alike":     strings.ReplaceAll(paidXML, "<TxnId>", "<TxnId>A1B2C3D4E5F60718</TxnId><TxnId>"),
		"unknown elements":     strings.ReplaceAll(paidXML, "<TxnId>", "<New><Success>0</Success><TxnId>B1</TxnId></New><TxnId>"),
		"repeats of no weight": strings.ReplaceAll(paidXML, "<TxnId>", "<CardName>Visa</CardName><CardName>Amex</CardName><TxnId>"),
		"name space":           strings.ReplaceAll(paidXML, "<Response ", `<Response xmlns="urn:x" `),
	} {
		r, err := readProcessed(answer{body: []byte(document), status: 200})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v := r.Judge(expected(t)); v.Outcome != Approved {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// F58: document types, entities, nesting, other encodings and bad bytes are refused.
func TestF58RefusedDocuments(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return "<Response valid=\"1\">" + strings.Repeat("<a>", n-1) + strings.Repeat("</a>", n-1) + "</Response>"
	}
	for name, row := range map[string]struct {
		document string
		want     error
	}{
		"empty":              {"", errEmpty},
		"blank":              {" \r\n\t", errEmpty},
		"mark only":          {"\xef\xbb\xbf", errEmpty},
		"words":              {"Service unavailable", errNotXML},
		"HTML":               {"<html><body><p>Error<br></p></body></html>", errNotXML},
		"XHTML":              {"<html><body><p>Error</p></body></html>", errRoot},
		"JSON":               {`{"valid":1}`, errNotXML},
		"cut":                {paidXML[:len(paidXML)-3], errNotXML},
		"cut in the middle":  {paidXML[:len(paidXML)/2], errNotXML},
		"two roots":          {paidXML + paidXML, errNotXML},
		"root after another": {"<a/>" + paidXML, errNotXML},
		"UTF-16 declared":    {`<?xml version="1.0" encoding="utf-16"?>` + paidXML, errNotXML},
		"Latin declared":     {`<?xml version="1.0" encoding="iso-8859-1"?>` + paidXML, errNotXML},
		"UTF-16":             {"\xfe\xff\x00<\x00a\x00/\x00>", errNotXML},
		"not UTF-8":          {strings.ReplaceAll(paidXML, "INV", "I\xffV"), errNotXML},
		"control character":  {strings.ReplaceAll(paidXML, "INV", "I\x00V"), errNotXML},
		"document type":      {`<!DOCTYPE Response SYSTEM "http://evil.example/x.dtd">` + paidXML, errDoctype},
		"entities":           {`<!DOCTYPE r [<!ENTITY a "1">]>` + strings.ReplaceAll(paidXML, "<Success>1", "<Success>&a;"), errDoctype},
		"unknown entity":     {strings.ReplaceAll(paidXML, "<Success>1", "<Success>&one;"), errNotXML},
		"bare ampersand":     {strings.ReplaceAll(paidXML, "INV", "A&B"), errNotXML},
		"too deep":           {deep(17), errDeep},
		"other root":         {"<Txn/>", errRoot},
		"too large":          {strings.Repeat(" ", maxAnswer) + paidXML, errTooLarge},
		"does not say":       {"<Response/>", errNoVerdict},
		"says something":     {`<Response valid="true"/>`, errNoVerdict},
		"says both":          {`<Response valid="1" Valid="0"/>`, errNoVerdict},
	} {
		_, err := readProcessed(answer{body: []byte(row.document), status: 200})
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindNoAnswer || !e.MaySent() || !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if _, err := parse([]byte(deep(16))); err != nil {
		t.Errorf("16 levels: %v", err)
	}
}

// A second voice in the document must not win, wherever it stands.
func TestContradictionsAreNotApproved(t *testing.T) {
	t.Parallel()
	put := func(old, with string) string { return strings.Replace(paidXML, old, with, 1) }
	for name, document := range map[string]string{
		"no before yes":      put("<Success>", "<Success>0</Success><Success>"),
		"yes before no":      put("<TxnType>", "<Success>0</Success><TxnType>"),
		"in other case":      put("<TxnType>", "<SUCCESS>0</SUCCESS><TxnType>"),
		"another id":         put("<TxnType>", "<TxnId>B1</TxnId><TxnType>"),
		"another amount":     put("</Response>", "<AmountSettlement>1.00</AmountSettlement></Response>"),
		"another currency":   put("</Response>", "<currencyinput>USD</currencyinput></Response>"),
		"another reference":  put("</Response>", "<MerchantReference>INV-1</MerchantReference></Response>"),
		"another type":       put("</Response>", "<TxnType>Auth</TxnType></Response>"),
		"another DpsTxnRef":  put("</Response>", "<DpsTxnRef>d2</DpsTxnRef></Response>"),
		"flag in an element": put("<Success>1</Success>", "<Success><b>1</b></Success>"),
		"flag and element":   put("<Success>1</Success>", "<Success>1<b/></Success>"),
		"flag beside nested": put("<Success>", "<Success><b>0</b></Success><Success>"),
		"flag further in":    put("<Success>1</Success>", "<x><Success>1</Success></x>"),
	} {
		r, err := readProcessed(answer{body: []byte(document), status: 200})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v := r.Judge(expected(t)); v.Outcome != Unknown {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

const paidTxn = `<Txn><Transaction success="1" reco="00" responseText="APPROVED" pxTxn="true"><Authorized>1</Authorized>` +
	`<StatusRequired>0</StatusRequired><TxnType>Purchase</TxnType><Amount>10.00</Amount><InputCurrencyName>NZD</InputCurrencyName>` +
	`<ReCo>00</ReCo><DpsTxnRef>d1</DpsTxnRef></Transaction><ReCo>00</ReCo><Success>1</Success><DpsTxnRef>d1</DpsTxnRef><TxnRef>A1B2C3D4E5F60718</TxnRef></Txn>`

func TestTransactionContradictions(t *testing.T) {
	t.Parallel()
	put := func(old, with string) string { return strings.Replace(paidTxn, old, with, 1) }
	for name, row := range map[string]struct {
		document string
		want     Outcome
	}{
		"as it is":                   {paidTxn, Approved},
		"attributes in other case":   {put(`success="1" reco="00"`, `SUCCESS="1" ReCo="00"`), Approved},
		"no attributes":              {put(` success="1" reco="00" responseText="APPROVED" pxTxn="true"`, ""), Approved},
		"attribute says no":          {put(`success="1"`, `success="0"`), Unknown},
		"attribute in other case":    {put(`success="1"`, `success="1" Success="0"`), Unknown},
		"attribute has another code": {put(`reco="00"`, `reco="U9"`), Unknown},
		"only the attribute":         {put("<Success>1</Success>", ""), Unknown},
		"summary says no":            {put("<Success>1</Success>", "<Success>0</Success>"), Unknown},
		"no before yes":              {put("<Success>", "<Success>0</Success><Success>"), Unknown},
		"summary has another code":   {put("</Transaction><ReCo>00", "</Transaction><ReCo>05"), Unknown},
		"two DpsTxnRef":              {put("</Transaction><ReCo>00</ReCo>", "</Transaction><DpsTxnRef>d2</DpsTxnRef>"), Unknown},
		"two transactions":           {put("<ReCo>00</ReCo><Success>", `<Transaction success="0"><Authorized>0</Authorized></Transaction><Success>`), Unknown},
		"two amounts":                {put("<Amount>", "<Amount>1.00</Amount><Amount>"), Unknown},
		"two ids":                    {put("<TxnRef>", "<TxnRef>B1</TxnRef><TxnRef>"), Unknown},
	} {
		x, err := decodeTransaction([]byte(row.document))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v := x.Judge(expected(t)); v.Outcome != row.want || !v.Claimed {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A number that is not masked is never kept.
func TestCardNumbersAreMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"411111........11": "411111........11", "4111111111111111": "411111........11", "4111 1111 1111 1111": "411111........11",
		"371111111111114": "371111.......14", "": "", "411111......1111": "411111......1111",
	} {
		r, err := decodeResult([]byte("<Response><CardNumber>" + in + "</CardNumber></Response>"))
		if err != nil || r.CardNumber != want {
			t.Errorf("%q became %q, %v", in, r.CardNumber, err)
		}
		x, err := decodeTransaction([]byte("<Txn><Transaction><CardNumber>" + in + "</CardNumber></Transaction></Txn>"))
		if err != nil || x.CardNumber != want {
			t.Errorf("%q became %q, %v", in, x.CardNumber, err)
		}
	}
}

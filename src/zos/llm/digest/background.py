"""How common words are in everyday English, in broad bands.

In: a word or its stem. Out: whether it is a function word, or a date's, a number's or a unit's (none
of them names a subject), and its rate in occurrences per million words. The bands are the project's
own estimate of conversational English: a factor of three between neighbours is all that a subject's
log-odds need. A word that stands in no band is rare.
"""

from __future__ import annotations

RARE_PER_MILLION = 4.0

_FUNCTION_WORDS = """
a about above after again against ago ah aha ahem ain't all almost alone along already alright also although always am
amid among an and another any anybody anyhow anymore anyone anything anyway anyways anywhere apart are aren't aren around
as aside at away aw back be became because become been before behind being below beneath beside besides between beyond
both but by bye came can can't cannot cant cause come comes could couldn't couldnt cos cuz damn despite did didn't didnt
do does doesn't doesnt doing don't dont done down during each eh either else enough er especially etc even ever every
everybody everyone everything everywhere except far few for from further gave get gets getting give given gives go goes
goin going gone gonna got gotta had hadn't hah haha hahaha hardly has hasn't hasnt have haven't havent having he he'd
he'll he's heh hehe hello hence her here here's hers herself hey hi hm hmm him himself his how how's however huh i i'd
i'll i'm i've id if ill im imo imho in indeed inside instead into is isn't isnt it it'd it'll it's its itself ive just
k kinda know knew known knows last later least less let let's lets like lol lmao lots made make makes many may maybe me
mean means meanwhile might mine mmm more most mostly much must my myself near nearly need neither never next nah no nobody
nope none nor not nothing now nowhere of off oh oi ok okay omg on once one ones only onto oops or other others otherwise
ought our ours ourselves out outside over own per perhaps please plus possibly pretty probably quite rather really right
said same saw say says see seem seems seen several shall she she'd she'll she's should shouldn't since so some somebody
somehow someone something sometimes somewhat somewhere soon sorry sort still stuff such sure take taken takes than thank
thanks that that'd that'll that's thats the their theirs them themselves then there there'd there's theres therefore these
they they'd they'll they're they've thing things think this those though thought through throughout thru thus til till to
together too took toward towards tried try trying two u ugh uh um umm under unless unlike until up upon ur us use used
using usually very via wanna want wants was wasn't wasnt way we we'd we'll we're we've well went were weren't what what's
whatever whats when whenever where where's wherever whether which while who who'd who'll who's whoever whole whom whose
why will with within without won't wont would wouldn't wouldnt wow wtf xd y'all ya yah yay yea yeah yep yes yet you you'd
you'll you're you've youre your yours yourself yourselves
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october
november december spring autumn noon midnight zero five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million dozen
sec secs min mins hr hrs pm mg kg ml cm mm km kb mb gb tb mhz ghz eur usd gbp
der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine ich du er sie es wir ihr mich dich
mir dir uns euch ihn ihm ist bin bist sind war waren sein hat habe haben hast hatte wird werden wurde kann können muss
müssen soll sollte mit von zu zum zur bei nach aus auf für über unter durch gegen ohne um als wie was wer wo wenn weil
dass ob auch noch nur schon so sehr mehr mal ja nein doch dann da hier dort jetzt heute immer wieder man etwas nichts alles
le la les un une des du de et ou mais pas ne je tu il elle nous vous ils elles me te se mon ton son ma ta sa mes tes ses
ce cet cette ces est suis es sont était être avoir ai as avons avez ont fait dans sur sous avec sans pour par plus très bien
que qui quoi dont où quand comment pourquoi si oui non aussi encore tout tous rien
el los las una unos unas y o pero del al en con sin por para como más muy ya yo ella ellos mi su sus lo le nos ser soy eres
somos fue era estar está estoy están hay ha he han tiene tengo qué quién cuándo dónde porque sí también todo nada eso esto
um uma os da dos das na nos não mas com sem mais muito eu ele ela você meu minha seu sua foi são está tem que se já também
het een van ik je jij hij zij wij dat dit deze niet geen maar voor met op aan uit bij naar ook nog wel heb heeft zijn wat
il lo gli uno di che non per con ma sono sei siamo ho hai abbiamo questo quello anche molto più cosa come quando perché
"""

_BANDS: dict[float, str] = {
    1000.0: """
able actually ask asked bad big call called care chance check day days different down end fact feel felt find fine first
found friend friends fun girl good great guess guy guys happen happened happy hard help home hope hour hours house idea
job keep kid kids kind left life listen little live long look looked looking looks lot love man matter maybe men mind
minute minutes moment money morning mother move name new nice night number okay old part pay people person place play
point problem put question ready real reason remember room run saying second set show side sleep start started stay stop
story talk talking tell three time times today told tomorrow tonight trouble true turn understand wait walk wanted watch
week weeks wish woman women word words work worked working works world worry wrong year years yesterday young
""",
    300.0: """
add address afternoon age agree air allow alive amazing answer anybody apparently area arm baby bed believe best better
bit black block blood blue board body book books boss bought boy boys break bring broke broken brother brought build built
business busy buy car case catch caught certain change changed children choice city class clean clear close closed coffee
cold colour color company completely cool cost couple course crazy cut dad daughter dead deal dear death decide decided
die died difference dinner dog door doubt dream drink drive dropped early easy eat evening exactly excited excuse expect
extra eye eyes face fair fall family fast father feeling feet fell fight figure file files fill final finally finish
finished fire five fix fixed follow food foot forget forgot form four free full funny future game games general gets glad
gotten ground group grow guess half hand hands hang hate head hear heard heart heavy hell high hit hold holding hot huge
human hundred hurt important inside interested interesting issue join keeps kept key kill kitchen knowing large late
laugh law lead learn leave leaving less letter level lie light line lines list lose loss lost loved low luck lunch main
major mark married meant meet meeting message met middle million miss missed mistake mom month months mouth moved music
needed needs news nobody normal note notice obviously offer office okay older open opened order paper parents party pass
past perfect phone pick picked picture piece places plan plans played playing police poor possible post power press
problems promise proud public pull push questions quick quickly quiet random read reading reality red rest ride road run
running sad safe sat save school seconds seeing send sense sent serious seriously service seven short shot sick sign
simple simply single sister sit sitting six small smart solid sometimes son song sound sounds space special spend spent
stand standing starting state step stopped straight strange street strong stupid suddenly supposed sweet system table
takes talked ten terrible test tired top total totally touch town train trust truth turned type typing understand
unfortunately usual version visit voice waiting wake walking wall wants war warm watching water wear weekend weird welcome
white wife wind window wonder wonderful worried worse worst worth write writing written wrote yellow
""",
    100.0: """
absolute access accident account across act action actual afraid ahead alarm amount angry animal animals announce annoyed
annoying anxious appear apple appreciate apology argument arrive arrived art article assume attack attempt attention aunt
available average avoid awake aware awesome awful background bag ball band bank bar base based basic basically bath
bathroom bear beat beautiful begin beginning behaviour bell bet beer bike bill bird birds birthday bite boat bone boot
bored boring bother bottle bottom bowl box brain bread breakfast breath bridge bright brown bug bugs bunch burn bus button
cake calm camera camp card cards careful cat cats cause chair channel character charge chat cheap cheese chicken child
choose church click clock clothes cloud club code collect college comment comments common community complete computer
concern condition confused consider contact content continue control conversation cook cooking copy corner correct count
country cover cream create created cross crowd cry cup current cute dance danger dark data date dates dead deep default
delete depends design desk detail details develop direct direction dirty discuss discussion dishes doctor dogs double draw
dress drop dry due dumb ear earlier earth edge edit effect egg eggs eight electric email empty energy engine enjoy enjoyed
entire error errors evidence exact example excellent exist experience explain fail failed fan fans fat favorite favourite
fear feature field film filled finger fit flat floor flower fly folks forever forward friendly front fruit fuel gas gate
garden gift girls glass goal god gold google grass green guide gun habit hair hall handle hat health hearing heat height
helped helpful helps hide hill history hole holiday honest honestly horrible horse hospital hotel ice imagine immediately
impossible include including information inside install installed internet island item items joke judge jump kick king
knock lady lake land language laptop lazy leaf legs lesson letting library lift likely limit link links load local lock
log loud lovely lucky machine magic mail manage manual map market mass match material maximum meal medicine member members
memory mental mess metal method mile milk mini missing mix mode model modern mostly mountain mouse movie movies multiple
named natural nature neck neighbor neighbour network nine noise north nose noticed object odd offered official online
opinion opposite option options original outside oven pack page paid pain paint pair park particular partner path pattern
peace perform permission personal photo photos physical piano pictures pink pizza plane plant plants plate player pleasure
pocket polite pool position positive potato practice prefer prepare present pretend previous price print private process
product program project proper properly protect prove provide purpose putting quality rain raise ran rate reach react
receive recent recently recommend record regular relationship release remind remove repair repeat replace reply report
request rich ring river rock role roof round rule rules safety salt sale saved scared science screen script sea search
season secret section security seem sell server servers settings setup shape share sharp shirt shoes shop shopping shower
similar size skin sky slow slowly smell smile smoke snow social society soft software somewhat source south speak speaking
specific speed spell split spoke sport spot spring staff stage stairs standard star station status steal stick stone stop
storage store storm stories stress student study style subject success sugar suggest suit summer sun support surprise
surprised swear switch task taste tea teach teacher team technically teeth terms text theory thick thin third thirty
threw throw ticket tie tiny title tool tools topic tough tour track traffic travel treat tree trees trick trip truck tune
tv twenty twice typical uncle understood unit update upset useful user users value various video videos view wash waste
wave weather web website wedding weight west wet wheel whenever wide wild win winter wise wood worker wrap yard
""",
    30.0: """
accept accurate adapt adult advance advice agreed allowed alternative ancient annual anonymous apartment application
approach approve argue army arrange arrested asleep aspect assign attach attend audience author automatic autumn awkward
backup bake balance balcony basement basket battery battle beach beans beard belief belong bench benefit blanket blind
blog bloom border borrow branch brand brave breathe brick brief broad browser brush budget bump burger burning butter
cable calculate calendar candle candy cap capital captain carpet carrot carry cash category ceiling celebrate center
central centre century chain challenge champion chapter chart chase chemical cheque chocolate cinema circle citizen claim
climate climb clinic closet coast coat coin collection column combination command compare compete complain complex compost
concert conclusion conference confirm connect connection context contract cookie copper corn cottage cotton couch council
courage court cousin craft crash creative crew crime crisis crop cruise culture curious currency curtain custom customer
cycle daily damage database deadline debate debt decade decent decision deck defend define degree deliver delivery demand
department describe desert deserve desktop destroy detect device diet digital directory disappear disaster disk distance
document domain donate download draft drama drawer drawing drug drum dust duty economy editor educate election element
emergency emotion employ enable encourage engineer ensure enter environment equal equipment escape essay estate event
events evil exam exchange exercise expand expensive expert export express factor factory fake false fame farm farmer
fashion fee feed fence festival fiction filter finance flash flavour flavor flight flood flour focus folder forest formal
format fortune foundation frame freeze frequent fresh fridge frog function fund furniture gain gallery garage garlic
gather generate generation genius giant global goat golden graduate grain grammar graph grave guard guest guitar hammer
harvest headache hero hire hobby honey horror host icon identity ignore illness image impact import impress improve inch
income increase independent individual industry influence initial insect insert insist install instance instruction
insurance intend interface interview introduce invent invite iron jacket jam jar jeans journey joy juice junior jury
keyboard knee knife label ladder lamp lane laundry lawyer layer leader leather lecture legal lemon lens license
linux lion loan location logic lonely loop luggage lung mad magazine maintain manager manner mask master math measure
meat media medical melt menu merge metre meter mild military mirror mission mobile module monitor monster mood moon motion
motor mud muscle museum mushroom mystery nail narrow nation negative nervous nest novel nurse nut oak ocean onion opera
operate orange organize outfit owner package painting palace panel panic parcel parent passage password patch patience
patient pause pepper percent period pet pig pilot pin pipe pitch plain planet plastic platform plot plug poem poet policy
politics pond popular population port pot pound poverty powder pray predict pressure prevent priest prince principle
printer prison prize profile profit progress proof proposal pump punch pupil puzzle quarter queen quit quote rabbit race
radio rail range rare raw recipe recover reduce refer reflect refuse region register reject relate relax religion rent
rescue research reserve resource respect respond result retire return reveal review reward rhythm rice root rope rough
route row royal rubber rubbish ruin sail salad sample sand sandwich sauce scale scene schedule score scratch sector seed
seeds select senior sensitive series session shade shadow shed sheep sheet shelf shell shelter shift shine ship shock
shoot shoulder signal silence silly silver sing singer sink skill slide slip smooth snack snake soap soil soldier solution
solve soul soup spare spice spider spirit spoon spread square squash stable stamp steel stomach strategy stream strength
stretch strike string structure studio sudden suffer surface survey survive suspect symbol tail talent tank tape target
tax temperature tent theatre theater therapy threat thread throat thumb tide tile timer tip toast toilet tomato tongue
tooth topic torch tour toy trade tradition trail training transfer translate trash trend trial tribe trousers tunnel
twist ugly umbrella unique universe university upgrade upload upper urban vacation valley van variety vegetable vehicle
victim village violence virus visitor vision vote wage wallet warning weapon weed whisper wine wing wire witness wolf wool
workshop worm wound yoghurt yogurt zone
""",
}

_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_RATES = {word: rate for rate, words in reversed(_BANDS.items()) for word in words.split()}


def is_function_word(word: str) -> bool:
    """Whether `word` (lower case, as written) is a function word, filler, date, number or unit in a common language."""
    return word in _FUNCTION or word.replace("’", "'") in _FUNCTION


def is_everyday_word(word: str) -> bool:
    """Whether `word` (lower case) stands in a band: many an English name does, such as Mark or Joy."""
    return word in _RATES


def rate_per_million(stem: str) -> float:
    """Return how often a word of this stem is said per million words of everyday English."""
    return _RATES.get(stem, RARE_PER_MILLION)

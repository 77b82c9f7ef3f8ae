"""What people and places are called. Lists of their own: a seed would agree with itself.

Each list runs from common to rare, and is drawn from that way.
"""

from __future__ import annotations

from sandbox.sample_data import PLACES as CITIES


def _words(text: str) -> tuple[str, ...]:
    """Parted by white space; an underscore stands for one within a name."""
    return tuple(word.replace("_", " ") for word in text.split())


MEN = _words(
    """
    James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel
    Matthew Anthony Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward
    Ronald Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin
    Scott Brandon Benjamin Samuel Gregory Frank Alexander Raymond Patrick Jack Dennis Jerry
    Tyler Aaron Jose Adam Henry Nathan Douglas Zachary Peter Kyle Walter Ethan Jeremy Harold
    Keith Christian Roger Noah Gerald Carl Terry Sean Austin Arthur Lawrence Jesse Dylan Bryan
    Joe Jordan Billy Bruce Albert Willie Gabriel Logan Alan Juan Wayne Roy Ralph Randy Eugene
    Vincent Russell Elijah Louis Bobby Philip Johnny Luis Carlos Miguel Angel Jesus Antonio
    Victor Martin Mario Pedro Jorge Manuel Francisco Ricardo Eduardo Fernando Roberto Alejandro
    Rafael Diego Mateo Santiago Sebastian Leonardo Marco Oscar Hector Ivan Julio Enrique Raul
    Liam Mason Lucas Oliver Aiden Jaden Jayden Kaden Caden Hayden Brayden Hunter Connor Caleb
    Isaac Evan Owen Wyatt Luke Levi Julian Isaiah Landon Dominic Ian Cole Chase Xavier Cooper
    Carson Parker Blake Max Elias Theodore Asher Leo Ezra Miles Roman Nolan Colin Collin Trevor
    Marcus Derek Derrick Travis Dustin Corey Cory Shane Shawn Darren Darrell Darryl Brent Brett
    Chad Craig Curtis Dale Dean Don Dan Ted Fred Glenn Gordon Howard Hugh Jay Joel Jon Lee Leon
    Leroy Lloyd Marvin Maurice Melvin Neil Norman Omar Otis Ray Reginald Rodney Ross Stanley
    Stuart Todd Tony Troy Vernon Warren Wesley Tomas Emil Karl Erik Nils Sven Hans Kurt Otto
    Tyrone Jamal Darnell DeShawn Marquis Terrell Andre Malik Ahmed Ali Hassan Ibrahim Mohamed
    Muhammad Yusuf Raj Arjun Amit Sanjay Vikram Wei Ming Jun Hiroshi Kenji Minh Duc Tuan Kofi
    Kwame Chidi Emeka Sergei Dmitri Igor Boris Pavel Piotr Jan Marek Tomasz Ciaran Eoin Declan
    Rohan Kian Ayaan Kai Finn Jude Silas Beau Rhett Milo August Felix Simon Edwin Ernest Earl
    Clarence Floyd Herbert Alvin Clyde Chester Cecil Clifford Lester Milton Gene Dwayne Duane
    José Andrés Jesús Ángel Iván René François André Jürgen Björn Søren Łukasz Zoltán Jean-Luc
    Jean-Paul D'Angelo
    """
)

WOMEN = _words(
    """
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty
    Sandra Margaret Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie
    Dorothy Rebecca Sharon Laura Cynthia Amy Kathleen Angela Shirley Brenda Emma Anna Pamela
    Nicole Samantha Katherine Christine Helen Debra Rachel Carolyn Janet Maria Catherine Heather
    Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren Kelly Christina Joan Evelyn Judith
    Andrea Hannah Cheryl Megan Jacqueline Martha Madison Teresa Gloria Sara Janice Ann Kathryn
    Abigail Sophia Frances Jean Alice Judy Isabella Julia Grace Amber Denise Danielle Marilyn
    Beverly Charlotte Natalie Theresa Diana Brittany Doris Kayla Alexis Lori Marie Carmen Rosa
    Ana Guadalupe Juana Luisa Elena Isabel Lucia Gabriela Daniela Valeria Mariana Alejandra
    Fernanda Paola Paula Carla Marta Silvia Adriana Claudia Veronica Monica Leticia Yolanda
    Alicia Patrice Erica Erika Erin Eileen Ellen Elaine Helena Lena Leah Lea Mia Maya Ava Eva
    Zoe Chloe Ella Lily Layla Riley Aria Harper Avery Sofia Camila Penelope Nora Hazel Aurora
    Savannah Audrey Brooklyn Bella Claire Skylar Lucy Paisley Everly Caroline Genesis Emilia
    Kennedy Kinsley Allison Alison Ariana Arianna Madelyn Adeline Cora Ruby Eden Ivy Willow
    Naomi Autumn Quinn Nevaeh Kylie Kaylee Hailey Haley Bailey Jade Jane June Joanne Joanna
    Johanna Janelle Jeanette Jeanne Jill Jodi Josephine Juanita Kara Cara Carrie Kerry Kristen
    Kristin Kirsten Krista Christa Crystal Dana Dawn Debbie Dianne Edith Edna Elsie Esther Ethel
    Florence Gail Georgia Geraldine Gina Gladys Ida Irene Jo Joann Kathy Katie Latoya Lillian
    Lois Loretta Lorraine Louise Lucille Lynn Marcia Marion Marjorie Marlene Maureen Maxine
    Mildred Minnie Nina Norma Paige Patsy Pauline Pearl Peggy Phyllis Rhonda Rita Roberta Robin
    Rosalie Rose Rosemary Sally Shannon Sheila Sherry Stacy Sue Suzanne Sylvia Tamara Tammy
    Tanya Tara Thelma Tiffany Tina Tracy Valerie Vanessa Vera Vivian Wanda Wendy Yvonne Michaela
    Mikayla Alexandra Alexa Brianna Briana Carlotta Martina Antonia Justina Justine Francesca
    Frederica Georgina Harriet Henrietta Josefina Philippa Simone Nadia Petra Greta Ingrid
    Astrid Sigrid Karin Birgit Heidi Aisha Fatima Amina Leila Layla Yasmin Zainab Priya Anjali
    Divya Lakshmi Mei Ling Yuki Sakura Thuy Linh Lan Ngozi Adaeze Amara Olga Natasha Svetlana
    Irina Tatiana Agnieszka Magda Zofia Siobhan Niamh Aoife Imani Keisha Tanisha Ebony Mary-Ann
    Anne-Marie Zoë Chloë Renée Noémie Anaïs Lucía Sofía Núria Małgorzata Żaneta Åsa Mária Ólöf
    """
)

LAST_NAMES = _words(
    """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
    Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris
    Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill
    Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips
    Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook
    Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward
    Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez
    Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan
    Bell Coleman Butler Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan Patterson
    Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera
    Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens Harrison
    Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker
    Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason
    Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Stone Salazar Fox Warren
    Mills Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner
    Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters Santos Hart Bradley
    Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray
    Delgado Berry Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter
    Lawrence Sandoval Guerrero George Chapman Rios Estrada Ortega Watkins Greene Nunez Wheeler
    Valdez Harper Burke Larson Santiago Maldonado Morrison Franklin Carlson Austin Dominguez
    Carr Lawson Jacobs OBrien Lynch Singh Vega Bishop Montgomery Oliver Jensen Harvey Williamson
    Gilbert Dean Sims Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett Burton Fuller Wang
    Weber Welch Rojas Lucas Marquez Fields Park Yang Little Banks Padilla Day Walsh Bowman
    Schultz Luna Fowler Mejia Kaur Ng Vu Ho Ito Abe Sato Suzuki Okafor Mensah Diallo Petrov
    Ivanov Novak Kowalski Nowak Wojcik Horvat Nagy Kovacs Popescu Rossi Russo Bianchi Ferrari
    Dubois Moreau Laurent Fontaine Schneider Fischer Becker Krause Vogel Brandt Lindqvist Berg
    Dahl Haugen Nilsson Virtanen Khan Ahmed Hussain Rahman Begum Chowdhury Sharma Gupta Reddy
    Nair Iyer Hoang Pham Bui Dang Do Yoon Choi Kang Jung Tanaka Yamamoto Nakamura O'Neil O'Brien
    O'Connor D'Amico De_La_Cruz De_Leon Van_Der_Berg Van_Dyke St._Clair Mac_Rae Müller Weiß
    Núñez Gómez Díaz Gutiérrez Łuczak Đorđević Åkesson Sørensen Bjørnstad Żak Aydın Yıldız Šimić
    Çelik Ó_Súilleabháin Muñoz Peña García-López Smith-Jones
    """
)

# What a form may say instead of the chart's name. Not all of them are in the seed.
SHORT_FORMS = {
    name: tuple(short.split())
    for name, short in {
        "James": "Jim Jimmy Jamie", "John": "Johnny Jack", "Robert": "Bob Rob Bobby Robbie",
        "Michael": "Mike Mikey Mick", "William": "Bill Will Billy Liam", "David": "Dave Davey",
        "Richard": "Rick Rich Dick", "Joseph": "Joe Joey", "Thomas": "Tom Tommy",
        "Charles": "Charlie Chuck", "Christopher": "Chris Topher Kit", "Daniel": "Dan Danny",
        "Matthew": "Matt Matty", "Anthony": "Tony Ant", "Donald": "Don Donnie",
        "Steven": "Steve", "Stephen": "Steve", "Andrew": "Andy Drew", "Joshua": "Josh",
        "Kenneth": "Ken Kenny", "Edward": "Ed Eddie Ted Ned", "Ronald": "Ron Ronnie",
        "Timothy": "Tim Timmy", "Jeffrey": "Jeff", "Jacob": "Jake", "Nicholas": "Nick Nico",
        "Jonathan": "Jon Jonny", "Lawrence": "Larry Lars", "Benjamin": "Ben Benny",
        "Samuel": "Sam Sammy", "Gregory": "Greg", "Francisco": "Paco Pancho Frank",
        "Alexander": "Alex Xander Sasha", "Raymond": "Ray", "Patrick": "Pat Paddy",
        "Nathan": "Nate", "Zachary": "Zach Zack", "Peter": "Pete", "Walter": "Walt Wally",
        "Gerald": "Jerry Gerry", "Arthur": "Art", "Albert": "Al Bert", "Gabriel": "Gabe",
        "Eugene": "Gene", "Vincent": "Vince Vinny", "Elijah": "Eli", "Louis": "Lou Louie",
        "Philip": "Phil", "Antonio": "Tony Toño", "Victor": "Vic", "Manuel": "Manny Manolo",
        "Eduardo": "Eddie Lalo", "Roberto": "Beto Rob", "Alejandro": "Alex Ale",
        "Rafael": "Rafa", "Jesus": "Chuy", "Jose": "Pepe", "José": "Pepe",
        "Theodore": "Theo Ted Teddy", "Dominic": "Dom Nick", "Isaac": "Ike", "Russell": "Russ",
        "Reginald": "Reggie", "Stanley": "Stan", "Wesley": "Wes", "Sergei": "Serge",
        "Muhammad": "Mo", "Mohamed": "Mo", "Frederick": "Fred",
        "Henry": "Harry Hank Hal", "Debra": "Deb Debbie",
        "Patricia": "Pat Patty Trish Tricia", "Jennifer": "Jen Jenny Jenn",
        "Elizabeth": "Liz Beth Betsy Betty Eliza Lizzie Libby", "Barbara": "Barb Babs",
        "Susan": "Sue Susie Suzy", "Jessica": "Jess Jessie", "Margaret": "Peggy Maggie Meg Marge",
        "Kimberly": "Kim", "Amanda": "Mandy", "Melissa": "Missy Lissa", "Deborah": "Deb Debbie",
        "Stephanie": "Steph", "Dorothy": "Dot Dottie", "Rebecca": "Becky Becca",
        "Cynthia": "Cindy", "Kathleen": "Kathy Kate", "Angela": "Angie", "Pamela": "Pam",
        "Samantha": "Sam Sammie", "Katherine": "Kate Katie Kathy Kat", "Christine": "Chris Chrissy",
        "Catherine": "Cathy Cat Kate", "Victoria": "Vicky Tori", "Virginia": "Ginny",
        "Christina": "Chris Tina", "Judith": "Judy", "Jacqueline": "Jackie", "Teresa": "Terry Tess",
        "Theresa": "Terry Tess", "Kathryn": "Kathy Kate", "Abigail": "Abby Gail",
        "Sophia": "Sophie", "Frances": "Fran Frannie", "Isabella": "Bella Izzy",
        "Danielle": "Dani", "Natalie": "Nat", "Alexandra": "Alex Lexi Sandra",
        "Guadalupe": "Lupe Lupita", "Gabriela": "Gaby", "Veronica": "Ronnie Vero",
        "Madison": "Maddie", "Josephine": "Jo Josie", "Penelope": "Penny", "Eleanor": "Ellie Nell",
        "Allison": "Ali Allie", "Caroline": "Carrie", "Evelyn": "Evie", "Valerie": "Val",
        "Suzanne": "Sue", "Nicole": "Nikki", "Rosemary": "Rose Rosie", "Michelle": "Shelly Micki",
        "Sandra": "Sandy", "Nancy": "Nan", "Sarah": "Sally Sadie", "Martha": "Marty Patsy",
    }.items()
}  # fmt: skip


def may_be_one(one: str, other: str) -> bool:
    """Whether nobody would give the two names to two children."""
    forms, others = {one, *SHORT_FORMS.get(one, ())}, {other, *SHORT_FORMS.get(other, ())}
    return bool(forms & others)


# Twins and siblings whose names were chosen to go together.
TWIN_NAMES = tuple(
    tuple(pair.split("/"))
    for pair in _words(
        """
        Jayden/Hayden Jaden/Kaden Aiden/Caden Emma/Ella Emma/Emily Hannah/Anna Mia/Maya Ava/Eva
        Daniel/Danielle Paul/Paula Christian/Christina Michael/Michelle Michael/Michaela Eric/Erica
        Brian/Brianna Juan/Juana Carlos/Carla Mario/Maria Martin/Martina Samuel/Samantha Jean/Joan
        Taylor/Tyler Faith/Grace Jacob/Joshua Matthew/Michael Ethan/Evan Ryan/Bryan
        Hailey/Bailey Kylie/Kayla Alexander/Alexandra Andrew/Andrea Antonio/Antonia Gabriel/Gabriela
        Sara/Tara Lena/Nena Jan/Jana Ali/Alia Sean/Dean Mark/Mary Marie/Maria Joan/Joanna Noah/Nora
        Jon/Jan Luis/Luisa Victor/Victoria George/Georgia Robert/Roberta Liam/Lia
        """
    )
)

# His and hers, a letter or an ending apart.
COUPLE_NAMES = tuple(
    tuple(pair.split("/"))
    for pair in _words(
        """
        Mark/Mary Gary/Mary John/Joan Dean/Jean Sean/Jean Eric/Erin Erik/Erika Carl/Carla
        Carl/Carol Earl/Pearl Paul/Paula Daniel/Danielle Christian/Christina Michael/Michaela
        Julian/Julia Julio/Julia Robert/Roberta Don/Donna Juan/Joan
        Jerry/Kerry Terry/Sherry Martin/Martina Mario/Maria Mario/Marie Marco/Maria
        Antonio/Antonia Gabriel/Gabriela Luis/Luisa Louis/Louise Victor/Victoria George/Georgia
        Patrick/Patricia Alexander/Alexandra Andre/Andrea Emil/Emily Denis/Denise Rene/Renee
        Ross/Rose Leo/Leona Norman/Norma Francisco/Francisca Fernando/Fernanda Ali/Alia
        Jesse/Jessie Bernard/Bernardine Claude/Claudia Dennis/Denise Philip/Philippa
        Simon/Simone Justin/Justine Gene/Jean Harry/Carry Larry/Lara Ray/Kay Roy/Joy Kim/Kit
        Dana/Diana Loren/Lauren Lou/Lola Joe/Joan Joel/Joelle Jude/Judy June/Junior Will/Willa
        Ivan/Ivana Stefan/Stefanie Adrian/Adriana Brian/Briana Bryan/Brynn Valentin/Valentina
        """
    )
)

STREETS = _words(
    """
    Main Oak Maple Cedar Elm Washington Lake Hill Park Walnut Spring Church Highland Prospect
    River Sunset Franklin Jefferson Lincoln Madison Peachtree Magnolia Chestnut Willow Juniper
    Birch Spruce Sycamore Poplar Hickory Dogwood Laurel Ridge Valley Meadow Forest Orchard
    Garden Grove Mill Bridge School College Center Market Broad High Water Front Pleasant Union
    Liberty Columbia Academy Summit Fairview Lakeview Woodland Clinton Monroe Jackson Adams
    Harrison Tyler Polk Taylor Pierce Grant Hayes Cleveland 1st 2nd 3rd 4th 5th 7th 12th 23rd
    """
)
# As a chart says it, and as a form may.
STREET_TYPES = (
    ("Street", "St"), ("St", "Street"), ("Avenue", "Ave."), ("Ave", "Av"), ("Road", "Rd"),
    ("Dr", "Drive"), ("Lane", "Ln"), ("Blvd", "Boulevard"), ("Court", "Ct"), ("Place", "Pl."),
    ("Circle", "Cir"), ("Terrace", "Ter"),
)  # fmt: skip
DIRECTIONS = (("", ""), ("", ""), ("", ""), ("N ", "North "), ("West ", "W. "), ("NW ", "N.W. "))
UNITS = (("Apt {}", "#{}"), ("Unit {}", "unit {}"), ("#{}", "Apt. {}"), ("Apt {}", "apt {}"))
# City, state, the state's name, the first three digits of its zips.
# With names that people and maps shorten.
PLACES = (
    *(("Saint Louis", *place[1:]) if place[0] == "St. Louis" else place for place in CITIES[:18]),
    ("Mount Vernon", "NY", "New York", "105"),
    ("Fort Worth", "TX", "Texas", "761"),
)
MAIL_HOSTS = ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "aol.com", "comcast.net")
